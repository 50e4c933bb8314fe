// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// A critical event in the handler of a normal one, both above an overflow: a walk enters four stacks, each once, and
// comes to the end of the task's (arch/arm64/include/asm/stacktrace.h names the order in which stacks nest).
func TestEventWithinEvent(t *testing.T) {
	run := runtest.Build(t, corpustest.Target(t, "exception/overflow:described").Scenario, "described",
		scenarios.Options{})
	recording := runtest.Record(t, run, emu.RunOptions{Mode: emu.Full})
	behindCall := corpustest.Symbol(t, run, "fixup_exception") + 0x18
	cursor := recording.Cursor()
	for cursor.PC() != behindCall {
		if !cursor.Next() {
			t.Fatal("no overflow")
		}
	}
	normal := run.Arrival(emu.PStateDAIF)
	critical := normal.Meta
	size, err := corpus.Types{}.Size("sdei_event")
	if err != nil {
		t.Fatal(err)
	}
	critical.Event += size
	critical.Stack = scenarios.StackSDEICritical
	walker := kunwind.New(kunwind.Profiles()[0], run.Kernel)
	var trace unwind.Trace
	i, err := New(run, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer i.m.Close()
	if err := i.m.Advance(cursor.Step()); err != nil {
		t.Fatal(err)
	}
	within := func(e *scenarios.ExceptionEntry, do func()) {
		before, _ := i.m.Regs()
		if err := i.enter(e, &before); err != nil {
			t.Fatal(err)
		}
		do()
		if err := i.leave(e, &before); err != nil {
			t.Fatal(err)
		}
		if after, _ := i.m.Regs(); after != before {
			t.Error("an event changes registers")
		}
	}
	within(&normal.Meta, func() { within(&critical, func() { walker.Walk(&i.task, &trace) }) })
	if !trace.Reliable || trace.Failure.Failed() {
		t.Fatalf("%+v", trace.Failure)
	}
	var names []string
	for _, f := range trace.Frames {
		name, _ := run.Image.Symbols.Locate(f.PC)
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	// The critical event interrupts sdei_handler, a leaf, so the frame of its caller is lost, as of every leaf.
	const want = "sdei_asm_handler sdei_handler fixup_exception handle_bad_stack bad_stack_sync descend " +
		"start_descent " +
		"run_overflow start"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
