// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Every command that executes code from outside prints the same with a child as without, and survives the child's
// death, which it tells.
func TestVerbsHaveChildren(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		what string // the work that the child says it is at
		args []string
	}{
		{"generated/1@20", []string{"show", "generated/1@20"}},
		{"generated/1", []string{"export", "-o", dir, "generated/1"}},
		{"generated/1@20", []string{"export", "-core", filepath.Join(dir, "core"), "generated/1@20"}},
		{"generated/1", []string{"record", "-o", filepath.Join(dir, "run.rec"), "generated/1"}},
		{"generated/1@20", []string{"gdb", "-stdio", "generated/1@20"}}, // its input is at its end at once
	} {
		t.Run(tt.args[0], func(t *testing.T) {
			inside, stderr, status := inChildren(t, "", append([]string{tt.args[0], "-inside"}, tt.args[1:]...)...)
			got, errs, code := inChildren(t, "", tt.args...)
			if got != inside || errs != stderr || code != status || code != exitOK {
				t.Errorf(
					"exit status %d and %d, %q and %q\n%s\nand inside\n%s",
					code,
					status,
					errs,
					stderr,
					got,
					inside,
				)
			}
			_, errs, code = inChildren(t, tt.what+"=abort", tt.args...)
			want := "stacksweep: engine died: tcg.c:1234: tcg_gen_code: Assertion `false' failed., "
			if code != exitFailed || !strings.HasPrefix(errs, want) || !strings.HasSuffix(errs, ", in "+tt.what+"\n") {
				t.Errorf("exit status %d, %q", code, errs)
			}
			unwalled := append([]string{tt.args[0], "-inside"}, tt.args[1:]...)
			if _, errs, code = inChildren(t, tt.what+"=abort", unwalled...); code != exitOK {
				t.Errorf("inside there is no child to die: exit status %d, %s", code, errs)
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left: %v", left, err)
	}
}

// A child that dies leaves a terminal raw, in its alternate screen, and with the mouse on. Its parent puts all of that
// right.
func TestTerminalAfterDeath(t *testing.T) {
	outside, inside := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(inside.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, "step", "generated/1@20")
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TMPDIR="+t.TempDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inside, inside, inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
	screen := readUntil(t, outside, "generated/1")
	raw, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
	if err != nil || raw.Lflag == before.Lflag || !strings.Contains(screen, "\x1b[?1049h") {
		t.Fatalf("step has not taken the terminal over: %v, %q", err, screen)
	}
	if killChildrenOf(cmd.Process.Pid) == 0 {
		t.Fatal("step has no child")
	}
	screen = readUntil(t, outside, "engine died: SIGKILL (killed), in generated/1@20")
	_ = cmd.Wait()
	after, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
	if err != nil || *after != *before {
		t.Errorf("the terminal was\n%v and is\n%v: %v", before, after, err)
	}
	for _, want := range []string{"\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l"} {
		if !strings.Contains(screen, want) {
			t.Errorf("no %q in %q", want, screen)
		}
	}
	if got := cmd.ProcessState.ExitCode(); got != exitFailed {
		t.Errorf("exit status %d", got)
	}
}

// readUntil reads what is written to a terminal until a text has come.
func readUntil(t *testing.T, f *os.File, text string) string {
	t.Helper()
	var all strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(all.String(), text) {
		n, err := f.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %q", err, &all)
		}
		all.Write(buffer[:n])
	}
	return all.String()
}
