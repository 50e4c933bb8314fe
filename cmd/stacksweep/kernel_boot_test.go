// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stacksweep/internal/boot"
	"stacksweep/internal/debian"
)

// However 'kernel boot' ends, its machine ends too, and nothing is left of it.
func TestBootLeavesNothing(t *testing.T) {
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	k := newestKernel(t)
	if _, err := boot.Busybox(t.Context()); errors.Is(err, debian.ErrUnavailable) {
		t.Skipf("SKIP: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signal os.Signal
		status int
		clean  bool // its temporary folders are gone, too
	}{
		"Ctrl-C": {os.Interrupt, exitOK, true},
		"killed": {os.Kill, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			temporary := t.TempDir()
			cmd := exec.Command(self, "kernel", "boot", "-S", k.Series)
			cmd.Env = append(os.Environ(), runHere+"=1", "TMPDIR="+temporary, "XDG_CACHE_HOME="+cacheOf(t))
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
			lines := bufio.NewReader(stderr)
			for line := ""; !strings.HasPrefix(line, "the GDB stub is at 127.0.0.1:"); {
				if line, err = lines.ReadString('\n'); err != nil {
					t.Fatalf("%v after %q", err, line)
				}
			}
			machines := childrenOf(t, cmd.Process.Pid)
			if len(machines) != 1 {
				t.Fatalf("%d machines are running", len(machines))
			}
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(lines)
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != c.status ||
				c.clean && !strings.Contains(string(rest), "the machine is ended") {
				t.Errorf("status %d, stderr %q", got, rest)
			}
			for range 100 { // a process whose parent is gone ends soon, not at once
				if syscall.Kill(machines[0], 0) == syscall.ESRCH {
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			if err := syscall.Kill(machines[0], 0); err != syscall.ESRCH {
				t.Errorf("QEMU, process %d, is left: %v", machines[0], err)
			}
			if left, _ := os.ReadDir(temporary); c.clean && len(left) > 0 {
				t.Errorf("%s is left", left[0].Name())
			}
		})
	}
}

// cacheOf is the user's cache folder.
func cacheOf(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// childrenOf lists the processes that a process has started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Skipf("SKIP: the kernel here doesn't list a process's children: %v", err)
	}
	for _, file := range tasks {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

// Without QEMU everything that boots says in a line what to install, and that nothing has run.
func TestNoQEMU(t *testing.T) {
	k := newestKernel(t)
	t.Setenv("PATH", t.TempDir())
	for _, args := range [][]string{
		{"kernel", "boot", k.Series},
		{"kernel", "livepatch", k.Series},
		{"sweep", "live/" + k.Series + "/fgraph-return:plain"},
		{"record", "live/" + k.Series + "/fgraph-return:plain"},
	} {
		stdout, stderr, status := runHereWith(args...)
		const what = "qemu-system-aarch64 is not installed (Debian: apt-get install qemu-system-arm)"
		if status != exitNothing || stdout != "" || strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, what) {
			t.Errorf("%v: status %d\n%s%s", args, status, stdout, stderr)
		}
	}
}
