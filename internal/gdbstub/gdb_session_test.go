// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios/corpus"
)

// TestGDBNeedsScript shows what the script is for: gdb doesn't notice by itself that a monitor command went elsewhere.
func TestGDBNeedsScript(t *testing.T) {
	g := findGDB(t)
	g.script = false
	s, answers := g.at("fgraph/return@100", "x/gx $sp", pc, "monitor goto 585", pc, "maintenance flush register-cache",
		"maintenance flush dcache", pc)
	r := s.Run.Recording
	if diff := cmp.Diff([]uint64{r.PC(100), r.PC(100), r.PC(585)}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// TestGDBOtherRun goes to a run in which a function isn't traced: its code is another then.
func TestGDBOtherRun(t *testing.T) {
	chain3, ok := corpus.Image().Symbols.Lookup("chain_3")
	if !ok {
		t.Fatal("no chain_3")
	}
	code := fmt.Sprintf("x/2i %#x", chain3.Addr)
	_, answers := findGDB(t).at("fgraph/return@0", code, "info threads", "monitor goto chain/plain@5", code,
		"info threads")
	contains(t, answers[0], "ftrace_caller")
	contains(t, answers[1], "fgraph/return:mainline")
	if strings.Count(answers[3], "nop") != 2 {
		t.Errorf("the entry of an untraced function:\n%s", answers[3])
	}
	contains(t, answers[4], "Thread 1 (")
}

// TestGDBFindsLostCaller is the way of docs/interactive.md.
func TestGDBFindsLostCaller(t *testing.T) {
	s, answers := findGDB(t).at("fgraph/return@0", "monitor next-failure", "x/i $pc", "monitor walk", "reverse-stepi",
		"monitor walk", "monitor prev-failure")
	contains(t, answers[0], "sframe, irq: omitted")
	contains(t, answers[1], "ftrace_return_to_handler")
	contains(t, answers[2], "MISSING")
	contains(t, answers[4], "REFUSED") // an instruction earlier the walker admits that it is lost
	contains(t, answers[5], "no failure of sframe in mode irq before")
	first := slices.IndexFunc(s.Run.Marks(s.Mode, s.Walker), failing)
	if s.Point.Step != first-1 {
		t.Errorf("gdb has left the run at %s, want step %d", s.Point, first-1)
	}
}

// update writes the session in docs/interactive.md again.
var update = flag.Bool("update", false, "write the session in the document anew")

// TestGDBDocument holds the session in docs/interactive.md: what gdb answers to each command.
func TestGDBDocument(t *testing.T) {
	const file, prompt = "../../docs/interactive.md", "(gdb) "
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, session, _ := strings.Cut(string(doc), "\n$ stacksweep gdb fgraph/return\n")
	session, _, _ = strings.Cut(session, "\n```\n")
	_, session, _ = strings.Cut(session, "\n\n")
	var commands []string
	for line := range strings.Lines(session) {
		if command, ok := strings.CutPrefix(line, prompt); ok {
			commands = append(commands, strings.TrimSuffix(command, "\n"))
		}
	}
	if len(commands) < 5 {
		t.Fatalf("%d commands in %s", len(commands), file)
	}
	g := findGDB(t)
	version, err := exec.Command(g.program, "--version").Output()
	if first, _, _ := strings.Cut(string(version), "\n"); err != nil || !strings.Contains(first, " 13.") {
		t.Skipf("SKIP: the session is one with gdb 13, and this one differs: %s", first)
	}
	var now strings.Builder
	_, answers := g.at("fgraph/return@0", commands...)
	for i, answer := range answers {
		fmt.Fprintf(&now, "%s%s\n%s", prompt, commands[i], answer)
	}
	want := strings.TrimSuffix(now.String(), "\n")
	if *update {
		doc = []byte(strings.Replace(string(doc), session, want, 1))
		if err := os.WriteFile(file, doc, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, session); diff != "" {
		t.Errorf("-update writes %s anew (-gdb +document):\n%s", file, diff)
	}
}

func TestGDBSecondClient(t *testing.T) {
	g := findGDB(t)
	address, _, _ := listen(t, t.Context(), newStub(t, "fgraph/return@0"))
	first := dial(t, address)
	first.say("$qC#b4")
	first.hear("+", "QC1")
	program := exec.Command(g.program, "-q", "-nx", "-batch", "-ex", "target remote "+address)
	out, _ := program.CombinedOutput() // it fails, which is the point
	contains(t, string(out), "stacksweep gdb serves another debugger already")
}

// TestGDBStdio lets gdb start the stub by itself.
func TestGDBStdio(t *testing.T) {
	g := findGDB(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The symbols, too, come from the stub.
	g.files.Symbols = ""
	answers := g.run(fmt.Sprintf("| env %s=fgraph/return@137 %s", stdioPoint, self), pc, "stepi", "reverse-stepi", pc,
		"info symbol return_to_handler")
	contains(t, answers[4], "return_to_handler in section .text")
	want := newStub(t, "fgraph/return@137").Run.Recording.PC(137)
	if diff := cmp.Diff([]uint64{want, want}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// A gdb that starts the stub repeats its first packet while the run is being recorded. It must not get two answers.
func TestGDBWaitsForTheRecording(t *testing.T) {
	g := findGDB(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g.files.Symbols = ""
	g.timeout = 1
	answers := g.run(fmt.Sprintf("| env %s=fgraph/return@137 %s=2500ms %s", stdioPoint, stdioDelay, self), pc,
		"stepi", pc)
	r := newStub(t, "fgraph/return@137").Run.Recording
	if diff := cmp.Diff([]uint64{r.PC(137), r.PC(138)}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}
