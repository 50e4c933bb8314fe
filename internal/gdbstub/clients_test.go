// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stacksweep/internal/testkit"
)

// After a monitor command that moves, gdb shows the new place, and what is displayed is of there; after one that
// doesn't, it shows nothing.
func TestGDBFollowsMonitor(t *testing.T) {
	_, answers := findGDB(t).at("fgraph/return@0", "display/i $pc", "monitor next-failure", "monitor truth", "list",
		"monitor where")
	contains(t, answers[1], "<ftrace_return_to_handler")
	contains(t, answers[1], "offset = handle_return(") // the source is found
	if strings.Contains(answers[2], "=>") {
		t.Errorf("gdb shows a place after a command that doesn't move: %q", answers[2])
	}
	contains(t, answers[3], "pop_return(")
	contains(t, answers[4], "shadow stack: ")
}

// An IDE talks to gdb in its machine interface, and asks for the depth of the stack. It knows of no script.
func TestGDBMachineInterface(t *testing.T) {
	g := findGDB(t)
	s := newStub(t, "fgraph/return@ftrace_return_to_handler")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	address, _, served := listen(t, ctx, s)
	cmd := exec.CommandContext(ctx, g.program, "-q", "-nx", "--interpreter=mi3", "-iex", "set debuginfod enabled off",
		g.files.Symbols)
	cmd.Stdin = strings.NewReader(strings.Join([]string{
		"1-target-select remote " + address,
		"2-stack-info-depth",
		"3-exec-step-instruction --reverse",
		"4-stack-list-frames 0 0",
		"5-data-list-register-values x 32",
		"6-file-list-exec-source-file",
		"7-gdb-exit", "",
	}, "\n"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, source, _ := strings.Cut(string(out), `6^done,line="`)
	_, source, _ = strings.Cut(source, `fullname="`)
	if source, _, _ = strings.Cut(source, `"`); filepath.Base(source) != "ftrace.S" {
		t.Errorf("the source is %q", source)
	} else if _, err := os.Stat(source); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"1^connected", `2^done,depth="2"`, "3^running", "4^done,stack=[frame={",
		"5^done,register-values=[", "7^exit"} {
		contains(t, string(out), want)
	}
	cancel()
	_ = wait(t, served)
}

// lldb numbers threads with zeros in front.
func TestLLDB(t *testing.T) {
	program := testkit.Tool(t, "lldb")
	g := findGDB(t)
	s := newStub(t, "fgraph/return@0")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	address, _, served := listen(t, ctx, s)
	_, port, _ := strings.Cut(address, ":")
	out, err := exec.CommandContext(ctx, program, "-b", "-x", "-o", "gdb-remote "+port, "-o", "thread step-inst", "-o",
		"thread step-inst",
		"-o", "register read pc", "-o", "breakpoint set -n chain_1", "-o", "continue", "-o", "register read pc", "-o",
		"detach", g.files.Symbols).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "lost connection") || strings.Contains(string(out), "error:") {
		t.Errorf("lldb says:\n%s", out)
	}
	contains(t, string(out), "chain_1")
	if s.Point.Step < 3 {
		t.Errorf("lldb has gone %d steps:\n%s", s.Point.Step, out)
	}
	cancel()
	_ = wait(t, served)
}
