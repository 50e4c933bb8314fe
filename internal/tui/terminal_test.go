// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stacksweep/internal/catalog"
	"stacksweep/internal/recordings"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// runHere in the environment makes the test binary the program, at the point that the variable names.
const runHere = "STACKSWEEP_TEST_POINT"

func TestMain(m *testing.M) {
	if point := os.Getenv(runHere); point != "" {
		if err := runPoint(point); errors.Is(err, context.Canceled) {
			os.Exit(130)
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func runPoint(name string) error {
	all := &catalog.Catalog{}
	point, err := all.Point(name)
	if err != nil {
		return err
	}
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		return err
	}
	return Run(context.Background(), Options{Point: point, Walkers: walkers, Mode: verdict.IRQ, Catalog: all},
		os.Stdin, os.Stdout)
}

// A terminal is a window of a tmux server of its own, with a shell in it.
type terminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	testkit.Tool(t, "tmux")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the path of a socket must be short.
	dir, err := os.MkdirTemp("", "tmux")
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t, filepath.Join(dir, "socket")}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", term.socket, "kill-server").Run()
		_ = os.RemoveAll(dir)
	})
	term.tmux("new-session", "-d", "-x", "80", "-y", "24", "-e", "LC_ALL=C.UTF-8", "-e", "PROGRAM="+self, "sh")
	term.tmux("set-option", "-g", "set-clipboard", "on")
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	// -f: no configuration of whoever runs the test; -u: UTF-8 whatever the locale.
	out, err := exec.Command("tmux", append([]string{"-u", "-S", term.socket, "-f", "/dev/null"},
		args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func (term *terminal) keys(keys ...string) { term.tmux(append([]string{"send-keys"}, keys...)...) }

// waitForAny waits until there is something on the screen.
func (term *terminal) waitForAny() {
	term.t.Helper()
	for end := time.Now().Add(10 * time.Second); strings.TrimSpace(term.tmux("capture-pane", "-p")) == ""; time.Sleep(
		20 * time.Millisecond) {
		if time.Now().After(end) {
			term.t.Fatal("the shell never showed its prompt")
		}
	}
}

// waitFor waits until the screen shows all texts, and returns it.
func (term *terminal) waitFor(texts ...string) string {
	term.t.Helper()
	screen := ""
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		screen = term.tmux("capture-pane", "-p")
		missing := 0
		for _, s := range texts {
			if !strings.Contains(screen, s) {
				missing++
			}
		}
		if missing == 0 {
			return screen
		}
	}
	term.t.Fatalf("the screen never showed %q:\n%s", texts, screen)
	return ""
}

// TestTerminalRecording opens a recording from a file as it opens a scenario, with its code.
func TestTerminalRecording(t *testing.T) {
	term := newTerminal(t)
	s, _ := corpus.All().Find("fgraph/return")
	opened, err := session.Open(verdict.Target{Scenario: s, Variant: "mainline"}, nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	folder := t.TempDir()
	if err := recordings.Save(filepath.Join(folder, "run.rec"), opened.Run, opened.Recording); err != nil {
		t.Fatal(err)
	}
	term.waitForAny()
	term.keys("cd "+folder+"; clear; "+runHere+"=run.rec@ftrace_return_to_handler $PROGRAM", "Enter")
	term.waitFor("run.rec:mainline@", "rO>+0x0", "stp x29, x30", "sframe OMITTED", "✗ lost ◄")
	term.keys("q")
}

// TestTerminal drives the real program in a real terminal.
func TestTerminal(t *testing.T) {
	term := newTerminal(t)
	first := failingPoint(t)
	term.waitForAny() // the shell's own prompt, whatever it is: what is typed before it would stand in the way
	term.keys("PS1='ready> '", "Enter")
	term.waitFor("\nready>")
	term.keys("echo what was before", "Enter")
	term.waitFor("\nwhat was before")
	command := runHere + "=fgraph/return $PROGRAM"
	term.keys(command, "Enter")
	term.waitFor("fgraph/return:mainline@0 ", "no irq point: interrupts are masked")

	term.keys("N")
	term.waitFor(fmt.Sprintf("@%d of", first), "sframe OMITTED", "✗ lost ◄")
	term.keys("p")
	term.waitFor(fmt.Sprintf("@%d of", first-1), "sframe refused")
	term.keys("Right")
	term.waitFor(fmt.Sprintf("@%d of", first))
	term.keys("y")
	term.waitFor("stacksweep show fgraph/return:mainline@")
	for range 250 { // tmux takes the text out of the terminal's output a moment after it shows what follows it
		if term.tmux("list-buffers") != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := term.tmux("show-buffer"); !strings.HasPrefix(got, fmt.Sprintf("fgraph/return:mainline@%d\n", first)) {
		t.Errorf("the clipboard has:\n%s", got)
	}
	term.tmux("resize-window", "-x", "120", "-y", "40")
	term.waitFor("yet says reliable")
	term.tmux("resize-window", "-x", "60", "-y", "20")
	term.waitFor("This terminal has 60 columns and 20 rows")
	term.tmux("resize-window", "-x", "80", "-y", "24")
	term.waitFor("sframe OMITTED")
	if state := term.tmux("display-message", "-p", "#{alternate_on}"); state != "1\n" {
		t.Errorf("alternate screen is %q", state)
	}

	term.keys("q")
	screen := term.waitFor("what was before", command+"\nready>")
	if strings.Contains(screen, "OMITTED") {
		t.Errorf("the program is still on the screen:\n%s", screen)
	}
	term.keys("echo status $?", "Enter")
	term.waitFor("\nstatus 0\n")
	if state := term.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{keypad_flag}"); !strings.HasPrefix(
		state, "0 1 0") {
		t.Errorf("the terminal is not as it was: alternate screen, cursor, keypad: %q", state)
	}
}

// Ctrl-C ends it as it ends other programs.
func TestTerminalAfterInterrupt(t *testing.T) {
	term := newTerminal(t)
	term.waitForAny()
	term.keys("PS1='ready> '", "Enter")
	term.waitFor("\nready>")
	term.keys(runHere+"=fgraph/return $PROGRAM; echo status $?", "Enter")
	term.waitFor("fgraph/return:mainline@0 ")
	term.keys("C-c")
	term.waitFor("\nstatus 130")
}

// SIGQUIT, which would print the stacks of a Go program, ends it with the terminal as it was.
func TestTerminalAfterQuit(t *testing.T) {
	term := newTerminal(t)
	term.waitForAny()
	term.keys("PS1='ready> '", "Enter")
	term.waitFor("\nready>")
	term.keys(runHere+"=fgraph/return $PROGRAM & PROGRAM_ID=$!; (sleep 3; kill -QUIT $PROGRAM_ID) & fg %1", "Enter")
	term.waitFor("fgraph/return:mainline@0 ")
	term.waitFor("\nready>")
	term.keys("echo status $?; stty -a | grep -o -- ' echo ' | sed s/^/terminal/", "Enter")
	screen := term.waitFor("\nstatus 130", "\nterminal echo")
	if strings.Contains(screen, "goroutine ") {
		t.Errorf("stacks are printed:\n%s", screen)
	}
}

// failingPoint is the first step at which a walk fails.
func failingPoint(t *testing.T) int {
	t.Helper()
	m := press(t, start(t, "fgraph/return", verdict.IRQ, 80, 24), "N")
	return m.step
}
