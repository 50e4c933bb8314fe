// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stacksweep/internal/boot"
	"stacksweep/internal/testkit"
)

// comparedWith are booted scenarios, with one CPU and with two, and the emulated ones of the same Image that they are
// compared with: the verdicts must be the same at every place that both have executed. least is a number of such
// places.
var comparedWith = []struct {
	booted, emulated string
	least            int
}{
	{"fgraph-return:plain", "fgraph-*", 400},
	{"fgraph-return:resched", "fgraph-*", 400},
	{"kretprobe:plain", "kretprobe", 20},
	{"kretprobe-in-fgraph:package_cpus_list_read", "kretprobe-traced", 200},
	{"kretprobe-in-fgraph:package_cpus_list_read-resched", "kretprobe-traced", 200},
	{"kretprobe-in-fgraph:asleep", "kretprobe-traced", 200},
}

// TestBootedAgainstEmulated compares the verdicts of booted kernels with those of the emulated scenarios, the kernel's
// own unwinder included: all scenarios of the newest kernel of the cache, and a traced return of the others.
func TestBootedAgainstEmulated(t *testing.T) {
	if os.Getenv("STACKSWEEP_BOOT") != "all" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not all")
	}
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	places := regexp.MustCompile(`(?m)^(\d+) places that both have executed: the same verdicts at (\d+)$`)
	compare := func(series, walkers, booted, emulated string, least int) {
		live := fmt.Sprintf("live/%s/%s", series, booted)
		t.Run(live, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := []string{"sweep", "-walker", walkers, "-mode", "sync,blocked,irq", "-against",
				"kernel/" + series + "/" + emulated, live}
			status := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
			m := places.FindStringSubmatch(stdout.String())
			if m == nil {
				t.Fatalf("status %d\n%s%s", status, &stdout, &stderr)
			}
			t.Log(m[0])
			if n, err := strconv.Atoi(m[1]); err != nil || n < least || m[1] != m[2] || status != exitOK {
				t.Errorf("status %d; at least %d places were expected\n%s%s", status, least, &stdout, &stderr)
			}
		})
	}
	cached := testkit.Kernels(t)
	for i, k := range cached {
		if i < len(cached)-1 {
			compare(k.Series, "model,image", "fgraph-return:plain", "fgraph-*", 200)
			continue
		}
		for _, c := range comparedWith {
			for _, cpus := range []string{"", "-2cpus"} {
				compare(k.Series, "model,image,sframe-detect", c.booted+cpus, c.emulated, c.least)
			}
		}
	}
}

// TestBrokenOffRecording: in the middle of a recording QEMU is killed, or Ctrl-C comes. What was recorded is kept and
// marked as partial, by record and by what reads the file; QEMU is gone.
func TestBrokenOffRecording(t *testing.T) {
	if os.Getenv("STACKSWEEP_BOOT") != "all" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not all")
	}
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	k := newestKernel(t)
	for name, c := range map[string]struct {
		breakOff func(record *exec.Cmd, machine int) error
		status   int
		because  string
	}{
		"QEMU is killed": {
			func(_ *exec.Cmd, machine int) error { return syscall.Kill(machine, syscall.SIGKILL) },
			exitFailed, "the target is gone",
		},
		"Ctrl-C": {
			func(record *exec.Cmd, _ int) error { return record.Process.Signal(os.Interrupt) },
			exitInterrupted, "interrupted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "part.rec")
			status, rest := brokenOff(t, c.breakOff, "record", "-o", file, "live/"+k.Series+"/fgraph-return:plain")
			partial := regexp.MustCompile(`(?m)^stacksweep: \S*part\.rec is partial: ` + c.because)
			if status != c.status || !partial.MatchString(rest) {
				t.Errorf("status %d\n%s", status, rest)
			}
			stdout, messages, status := runHereWith("sweep", "-mode", "sync,irq", "-walker", "model", file)
			kept := regexp.MustCompile(`(?m)^PARTIAL .*part\.rec:plain: .* after (\d+) steps: ` + c.because)
			m := kept.FindStringSubmatch(stdout)
			if m == nil || status != exitOK {
				t.Fatalf("status %d\n%s%s", status, stdout, messages)
			}
			if steps, err := strconv.Atoi(m[1]); err != nil || steps < 512 {
				t.Errorf("%d steps are kept", steps)
			}
		})
	}
}

// brokenOff runs a command that boots a kernel, as a process, and does something to it when the first steps are told
// of. It returns the exit status, and what was printed on stderr since; nothing of QEMU is left.
func brokenOff(t *testing.T, breakOff func(*exec.Cmd, int) error, args ...string) (status int, rest string) {
	t.Helper()
	cmd := program(t, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
	lines := bufio.NewReader(stderr)
	for line := ""; !strings.Contains(line, " steps, "); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("%v after %q", err, line)
		}
	}
	machine := qemuOf(t, cmd.Process.Pid)
	if machine == 0 {
		t.Fatal("no machine is running")
	}
	if err := breakOff(cmd, machine); err != nil {
		t.Fatal(err)
	}
	all, _ := io.ReadAll(lines)
	_ = cmd.Wait()
	if err := syscall.Kill(machine, 0); err != syscall.ESRCH {
		t.Errorf("QEMU, process %d, is left: %v", machine, err)
	}
	return cmd.ProcessState.ExitCode(), string(all)
}

// qemuOf finds QEMU among the processes that a process has started, and those that these have; 0: there is none.
func qemuOf(t *testing.T, pid int) int {
	t.Helper()
	for _, child := range childrenOf(t, pid) {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child))
		if strings.HasPrefix(string(name), "qemu-system") {
			return child
		}
		if found := qemuOf(t, child); found != 0 {
			return found
		}
	}
	return 0
}
