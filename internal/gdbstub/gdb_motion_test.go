// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/scenarios/corpus"
)

// TestGDBSteps goes forth and back with gdb and compares every PC with the recording.
func TestGDBSteps(t *testing.T) {
	const start, steps = 575, 25 // into the return handler
	var script []string
	var want []uint64
	s := newStub(t, "fgraph/return@0")
	note := func(command string, step int) {
		script = append(script, command, pc)
		want = append(want, s.Run.Recording.PC(step))
	}
	for i := range steps {
		note("stepi", start+i+1)
	}
	for i := range steps + 10 {
		note("reverse-stepi", start+steps-i-1)
	}
	note("stepi 300", start-10+300)
	note("reverse-stepi 300", start-10)
	_, answers := findGDB(t).at(fmt.Sprintf("fgraph/return@%d", start), script...)
	if diff := cmp.Diff(want, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

func TestGDBEnds(t *testing.T) {
	s, answers := findGDB(t).at("chain/plain@3",
		"reverse-continue", pc, "reverse-stepi", "stepi", pc, "continue", pc, "stepi", "continue", "reverse-stepi", pc)
	const end = "No more reverse-execution history."
	for _, i := range []int{0, 2, 5, 7, 8} {
		contains(t, answers[i], end)
	}
	r := s.Run.Recording
	if diff := cmp.Diff([]uint64{r.PC(0), r.PC(1), r.PC(r.Len()), r.PC(r.Len() - 1)}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// TestGDBBreakpoints stops in the C half of the return handler, on every way there is.
func TestGDBBreakpoints(t *testing.T) {
	s, answers := findGDB(t).at("fgraph/return@0",
		"break *ftrace_return_to_handler", "continue", pc, "monitor walk sframe", "continue", "reverse-continue", pc,
		"delete", "hbreak *return_to_handler", "reverse-continue", pc, "tbreak ftrace_return_to_handler", "continue",
		"info breakpoints")
	symbol := func(name string) uint64 {
		s, ok := s.Run.Run.Image.Symbols.Lookup(name)
		if !ok {
			t.Fatalf("no symbol %s", name)
		}
		return s.Addr
	}
	contains(t, answers[1], "Breakpoint 1, ")
	contains(t, answers[1], "ftrace_return_to_handler (fregs=")
	contains(t, answers[3], "mode irq: OMITTED; it calls the trace reliable")
	if !regexp.MustCompile(`(?m)^!  0x\w+ +chain_4\+0x\w+ +yes +MISSING$`).MatchString(answers[3]) {
		t.Errorf("the walk misses no chain_4:\n%s", answers[3])
	}
	contains(t, answers[5], "Breakpoint 1, ")
	contains(t, answers[9], "Breakpoint 2, ")
	contains(t, answers[12], "Temporary breakpoint 3, ")
	contains(t, answers[13], "hw breakpoint")
	handler := symbol("ftrace_return_to_handler")
	if diff := cmp.Diff([]uint64{handler, handler, symbol("return_to_handler")}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// TestGDBBreaksAtFirstInstructions: a breakpoint on any function of the corpus, C or assembly, has one place, the
// function's first instruction. Static functions that exist as inlined copies only have as many as there are copies.
func TestGDBBreaksAtFirstInstructions(t *testing.T) {
	var names, commands []string
	var want []uint64
	for s := range corpus.Image().Symbols.All() {
		if s.Kind == image.Func {
			names, want = append(names, s.Name), append(want, s.Addr)
			commands = append(commands, "break "+s.Name)
		}
	}
	g := findGDB(t)
	g.script = false
	_, answers := g.at("chain/plain@0", commands...)
	for i, answer := range answers {
		at := regexp.MustCompile(`^Breakpoint \d+ at (0x\w+): file src/\w+\.[chS], line \d+\.$`).
			FindStringSubmatch(strings.TrimSpace(answer))
		if at == nil || at[1] != fmt.Sprintf("%#x", want[i]) {
			t.Errorf("%s is at %#x; gdb says %q", names[i], want[i], answer)
		}
	}
	if len(names) < 200 {
		t.Errorf("%d functions", len(names))
	}
	_, answers = g.at("fgraph/return@0", "break pop_return", "break chain_leaf", "continue", "break chain_4",
		"reverse-continue")
	contains(t, answers[0], "pop_return. (3 locations)")
	contains(t, answers[2], "chain_leaf (n=1) at src/chain.c:9")
	contains(t, answers[4], "chain_4 (n=n@entry=1) at src/chain.c:15")
}

// TestGDBWatchpoints follows a variable forth and back.
func TestGDBWatchpoints(t *testing.T) {
	_, answers := findGDB(t).at("chain/plain@0", "watch chain_sink", "continue", "continue", "continue",
		"reverse-continue", "reverse-continue", "print chain_sink", "reverse-continue")
	contains(t, answers[0], "Hardware watchpoint 1: chain_sink")
	change := regexp.MustCompile(`Old value = (\d+)\nNew value = (\d+)\n`)
	var history [][]string
	for _, i := range []int{1, 2, 4, 5} {
		found := change.FindStringSubmatch(answers[i])
		if found == nil {
			t.Fatalf("nothing has changed:\n%s", answers[i])
		}
		history = append(history, found[1:])
	}
	for i, forth := range history[:2] {
		if back := history[3-i]; forth[0] != back[1] || forth[1] != back[0] {
			t.Errorf("forth from %s to %s, back from %s to %s", forth[0], forth[1], back[0], back[1])
		}
	}
	contains(t, answers[3], "No more reverse-execution history.")
	contains(t, answers[6], " = 0")
	contains(t, answers[7], "No more reverse-execution history.")
}

// A breakpoint on a function is one place, so that each call stops once, and "finish" leads out of it.
func TestGDBOnePlacePerFunction(t *testing.T) {
	_, answers := findGDB(t).at("fgraph/return@0", "break chain_1", "break chain_leaf", "info breakpoints",
		"continue", "finish")
	if strings.Contains(answers[2], "<MULTIPLE>") {
		t.Errorf("gdb has put breakpoints at\n%s", answers[2])
	}
	contains(t, answers[3], "Breakpoint 1, ")
	contains(t, answers[4], " in run_chain (")
}

// TestGDBReadWatchpoints follows who reads a variable, and who touches it at all, forth and back.
func TestGDBReadWatchpoints(t *testing.T) {
	_, answers := findGDB(t).at("fgraph/return@ftrace_return_to_handler", "rwatch init_task.curr_ret_stack",
		"continue", "info symbol $pc-4", "x/i $pc-4", "reverse-continue", "reverse-continue", "delete",
		"awatch init_task.curr_ret_stack", "continue", "continue", "continue", "continue", "x/i $pc-4")
	contains(t, answers[0], "Hardware read watchpoint 1: init_task.curr_ret_stack")
	contains(t, answers[1], "Hardware read watchpoint 1: init_task.curr_ret_stack\n\nValue = 10\n")
	contains(t, answers[2], "handle_return")
	contains(t, answers[3], "ldr")
	contains(t, answers[4], "Hardware read watchpoint 1")
	contains(t, answers[7], "Hardware access (read/write) watchpoint 2")
	seen := strings.Join(answers[8:12], "")
	contains(t, seen, "\nValue = 10\n")
	contains(t, seen, "\nOld value = 10\nNew value = 5\n")
}
