// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stacksweep/sweep"
)

// runHere in the environment makes the test binary the program.
const runHere = "STACKSWEEP_TEST_RUN"

// Ctrl-C prints what was done until then, marked; the progress that a terminal shows goes away. Nothing is expected to
// be complete: so many pairs, taken, are half a minute's work.
func TestInterrupt(t *testing.T) {
	for format, marks := range map[string][]string{
		"text": {"pairs  ", " partial ", "\nPARTIAL  fgraph/return:mainline: interrupted when ",
			"\nPARTIAL  the sweep was interrupted: of "},
		"jsonl": {`"mode":"pairs","deliver":"taken","partial":true,"points":`, `{"type":"interrupted","targets":`},
	} {
		t.Run(format, func(t *testing.T) {
			terminal, inside := openTerminal(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "sweep", "-v", "-mode", "pairs", "-deliver", "taken", "-walker", "v6.17", "-j",
				"1", "-format", format, "fgraph/return")
			cmd.Env = append(os.Environ(), runHere+"=1")
			var stdout bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, inside
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			inside.Close()
			defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()

			var stderr strings.Builder
			buffer := make([]byte, 4096)
			for !strings.Contains(stderr.String(), " left; Ctrl-C prints what there is") {
				n, err := terminal.Read(buffer)
				if err != nil {
					t.Fatalf("%v after %q", err, &stderr)
				}
				stderr.Write(buffer[:n])
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(terminal) // until the last of the program's side is closed, which is an error
			stderr.Write(rest)
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
				t.Errorf("exit status %d", got)
			}
			for _, want := range marks {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("no %q in\n%s", want, &stdout)
				}
			}
			_, last, _ := strings.Cut(stderr.String(), "\r\x1b[Kstacksweep: ")
			if !strings.HasPrefix(last, "interrupted: of ") {
				t.Errorf("the terminal shows %q", &stderr)
			}
		})
	}
}

// Ctrl-C stops every verb that takes its time within half a second; see stopsAtOnce for what that is on a busy machine.
func TestInterruptStopsAtOnce(t *testing.T) {
	for _, args := range [][]string{
		{"sweep", "-mode", "pairs"}, {"sweep", "-mode", "pairs", "-format", "jsonl=" + t.TempDir() + "/pairs.jsonl"},
		{"sweep", "-mode", "pairs", "-format", "html=" + t.TempDir() + "/pairs.html", "fgraph"},
		{"findings"}, {"mutate"}, {"conform"}, {"gdb", "fgraph/return"},
	} {
		stopsAtOnce(t, args)
	}
}

// The same for verbs that look at a whole kernel.
func TestInterruptStopsAtOnceWithKernels(t *testing.T) {
	k := newestKernel(t)
	for _, args := range [][]string{
		{"leaf", k.Image}, {"leaf", "-confirm", k.Image}, {"kernel", "functions", k.Image},
		{"sweep", "-agree", "model,image", "kernel/" + k.Series}, {"sweep", "-mode", "all", "kernel/" + k.Series},
		{"conform", k.Series},
	} {
		stopsAtOnce(t, args)
	}
}

// stopsAtOnce interrupts a command in the middle of its work, and checks that it ends within half a second. Where
// others keep the processors busy it may take longer, but must not use more of them than it could in half a second.
func stopsAtOnce(t *testing.T, args []string) {
	t.Helper()
	const bound, busy, inWork = 500 * time.Millisecond, 10 * time.Second, 400 * time.Millisecond
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), runHere+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell does: Ctrl-C goes to all of the group
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
	used := time.Duration(0)
	for begun := time.Now(); used < inWork && time.Since(begun) < busy; { // gdb waits then
		time.Sleep(10 * time.Millisecond)
		now, running := treeTime(cmd.Process.Pid)
		if !running {
			break
		}
		used = now
	}
	start := time.Now()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	took := time.Since(start)
	usedAfter := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() - used
	t.Logf("%v: %v, of which %v on a processor", args, took.Round(time.Millisecond), usedAfter.Round(time.Millisecond))
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted ||
		!strings.Contains(stderr.String(), "stacksweep: interrupted") {
		t.Errorf("%v: exit status %d, stderr %q", args, got, &stderr)
	}
	if took > bound && (took > busy || usedAfter > bound*time.Duration(runtime.NumCPU())) {
		t.Errorf("%v: stopped after %v, with %v on a processor", args, took, usedAfter)
	}
}

// treeTime is how long a process and those that it has started, in whatever groups, have been on a processor until now
// (proc(5): utime and stime, in hundredths of a second), and whether the process itself runs.
func treeTime(root int) (used time.Duration, running bool) {
	type process struct {
		parent int
		used   time.Duration
	}
	found := map[int]process{}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		const state, parent, utime, stime = 0, 1, 11, 12
		fields := strings.Fields(rest)
		pid, err := strconv.Atoi(strings.Split(file, "/")[2])
		if err != nil || len(fields) <= stime {
			continue
		}
		var p process
		p.parent, _ = strconv.Atoi(fields[parent])
		for _, i := range []int{utime, stime} {
			n, _ := strconv.Atoi(fields[i])
			p.used += time.Duration(n) * 10 * time.Millisecond
		}
		found[pid] = p
		running = running || pid == root && fields[state] != "Z"
	}
	for pid := range found {
		for at := pid; at > 1; at = found[at].parent {
			if at == root {
				used += found[pid].used
				break
			}
		}
	}
	return used, running
}

// openTerminal returns the two ends of a terminal: what is written to the second is read from the first.
func openTerminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { outside.Close() })
	fd := int(outside.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	if inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	return outside, inside
}

// What is shown of the progress.
func TestProgressText(t *testing.T) {
	for want, r := range map[string]sweep.ProgressReport{
		"0 of 3 targets, 0.0 %, 10s; Ctrl-C prints what there is":                  {Targets: 3},
		"1 of 4 targets, 25.0 %, 10s, about 30s left; Ctrl-C prints what there is": {Targets: 4, Done: 1, Part: 0.25},
		"4 of 4 targets, 100.0 %, 10s, about 0s left; Ctrl-C prints what there is": {Targets: 4, Done: 4, Part: 1},
	} {
		if got := progressText(r, 10*time.Second); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestStdioAtATerminal: GDB's protocol is for gdb to speak, not for a person.
func TestStdioAtATerminal(t *testing.T) {
	_, inside := openTerminal(t)
	defer inside.Close()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"gdb", "-stdio", "fgraph/return@591"}, inside, &stdout, &stderr)
	const hint = "hint: in gdb: target remote | stacksweep gdb -stdio fgraph/return@591\n"
	if status != exitUsage || !strings.HasSuffix(stderr.String(), hint) || stdout.Len() > 0 {
		t.Errorf("status %d\n%s%s", status, &stdout, &stderr)
	}
}
