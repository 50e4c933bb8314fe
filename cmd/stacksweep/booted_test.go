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

// TestRecordingOfDyingKernel: QEMU is killed in the middle of a recording. What was recorded is kept and marked as
// partial, by record and by what reads the file.
func TestRecordingOfDyingKernel(t *testing.T) {
	if os.Getenv("STACKSWEEP_BOOT") != "all" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not all")
	}
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	k := newestKernel(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "part.rec")
	cmd := exec.Command(self, "record", "-o", file, "live/"+k.Series+"/fgraph-return:plain")
	cmd.Env = append(os.Environ(), runHere+"=1")
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
	machines := childrenOf(t, cmd.Process.Pid)
	if len(machines) != 1 {
		t.Fatalf("%d machines are running", len(machines))
	}
	if err := syscall.Kill(machines[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	_ = cmd.Wait()
	partial := regexp.MustCompile(`(?m)^stacksweep: \S*part\.rec is partial: the target is gone`)
	if status := cmd.ProcessState.ExitCode(); status != exitFailed || !partial.Match(rest) {
		t.Errorf("status %d\n%s", status, rest)
	}
	var stdout, messages bytes.Buffer
	args := []string{"sweep", "-mode", "sync,irq", "-walker", "model", file}
	status := run(t.Context(), args, strings.NewReader(""), &stdout, &messages)
	kept := regexp.MustCompile(`(?m)^PARTIAL .*part\.rec:plain: .* after (\d+) steps: the target is gone`)
	m := kept.FindStringSubmatch(stdout.String())
	if m == nil || status != exitOK {
		t.Fatalf("status %d\n%s%s", status, &stdout, &messages)
	}
	if steps, err := strconv.Atoi(m[1]); err != nil || steps < 512 {
		t.Errorf("%d steps are kept", steps)
	}
}
