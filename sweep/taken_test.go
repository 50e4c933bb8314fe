// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// takenTargets are short runs of every kind: plain, traced, switched out, in exceptions, leaf, with signed addresses,
// with a full stack, with masks.
var takenTargets = []string{
	"chain/plain", "fgraph/resched:mainline", "fgraph/refused:lr", "kretprobe/annotated:mainline",
	"kretprobe/asleep:plain",
	"kretprobe/tailcall:frame", "leaf/strlen:annotated", "termination/corrupt:other_stack", "pac/gcc",
	"exception/fixup:leaf", "exception/fixup:plain", "exception/fixup:signed", "exception/overflow:described",
	"exception/overflow:plain",
	"exception/overflow:signed", "exception/masked:irq", "exception/masked:interrupts", "exception/masked:all",
	"exception/masked:signed",
}

// An exception that is taken leaves no trace, and every walk finds what it finds with an overlay.
func TestTakenEqualsOverlay(t *testing.T) {
	var targets []verdict.Target
	for _, name := range takenTargets {
		if found, err := verdict.FindTarget(corpus.All(), name); err == nil {
			targets = append(targets, found)
		} else {
			t.Error(err)
		}
	}
	exceptions := func(o *Options) { o.Modes = []verdict.Mode{verdict.IRQ, verdict.NMI} }
	overlaid := sweepTargets(t, targets, exceptions)
	taken := sweepTargets(t, targets, func(o *Options) { exceptions(o); o.Deliver = verdict.Taken })
	sameAsOverlay(t, overlaid, taken)
}

// sameAsOverlay compares the results of sweeps whose exceptions were taken with those of others.
func sameAsOverlay(t *testing.T, overlaid, taken []*RunResult) {
	t.Helper()
	for i, r := range taken {
		for _, d := range r.Deviations {
			t.Errorf("%s %v %s: %s", r.PointName(&d), d.Mode, d.Walker, d.What)
		}
		for s := range r.Summaries {
			if got := r.Summaries[s].Key.Delivery(); got != "taken" {
				t.Errorf("%s: delivered by %q", r.Scenario, got)
			}
			r.Summaries[s].Deliver = verdict.Overlay
		}
		if diff := cmp.Diff(overlaid[i].Summaries, r.Summaries); diff != "" {
			t.Errorf("%s:%s: (-overlay +taken)\n%s", r.Scenario, r.Variant, diff)
		}
	}
}

// An SDEI event can be taken wherever SP is. Without one, nothing can be taken where SP is on no stack: the walk is
// that with an overlay, and counted.
func TestUntaken(t *testing.T) {
	o := &Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{verdict.NMI}, Jobs: 1, Deliver: verdict.Taken}
	keepAll(o)
	for _, sdei := range []bool{true, false} {
		r := sweepRun(t, "kretprobe/annotated:mainline", o, func(run *scenarios.Run) {
			if !sdei {
				run.Unmaskable = nil
			}
		})
		if (r.Untaken == 0) != sdei || len(r.Deviations) > 0 {
			t.Errorf("SDEI %v: %d exceptions were overlaid; %d deviations", sdei, r.Untaken, len(r.Deviations))
		}
		inSlot := 0
		for _, p := range r.Points {
			if symbol, offset := r.Symbols.Locate(p.PC); symbol == "vectors" && offset >= 0x208 && offset <= 0x214 {
				inSlot++
				if want := map[bool]string{true: "sdei", false: "irq"}[sdei]; p.Exception != want || !p.Masked {
					t.Errorf("step %d: %s, masked %v; want %s", p.Step, p.Exception, p.Masked, want)
				}
			}
		}
		// SP may happen to be a stack's there.
		if overlaid := len(o.Walkers) * r.Untaken; inSlot == 0 || overlaid > inSlot {
			t.Errorf("SDEI %v: %d points in the slot, %d overlaid", sdei, inSlot, overlaid)
		}
	}
}

// A kernel has entry code of one kind. What a walker of the other kind gets is what it gets with an overlay, and
// counted apart from what finds no stack.
func TestNoEntry(t *testing.T) {
	walkers, err := registry.Find("v6.12,sframe")
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1, Deliver: verdict.Taken}
	for _, plain := range []bool{true, false} {
		r := sweepRun(t, "chain/plain", o, func(run *scenarios.Run) {
			if !plain {
				run.PreMetaIRQ = scenarios.ExceptionEntry{}
			}
		})
		want := 0
		if !plain {
			want = r.Summaries[0].Points
		}
		if r.NoEntry != want || r.Untaken != 0 || len(r.Deviations) > 0 {
			t.Errorf("entry code for ordinary records %v: %d had none, want %d; %d had no stack; %d deviations", plain,
				r.NoEntry, want, r.Untaken, len(r.Deviations))
		}
	}
}

// Neither the number of goroutines matters, nor whether a run is recorded as a whole.
func TestTakenInPieces(t *testing.T) {
	run, err := corpustest.Target(t, "prologue/traced:slot").Scenario.Build("slot", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1, Deliver: verdict.Taken}
	whole, err := newRunner(run, o).sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.Jobs = 3
	r := newRunner(run, o)
	r.shortSteps, r.chunkSteps = 1000, 4099
	pieces, err := r.sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(summaries([]*RunResult{whole}), summaries([]*RunResult{pieces})); diff != "" {
		t.Errorf("(-whole +pieces)\n%s", diff)
	}
	if n := len(whole.Deviations) + len(pieces.Deviations); n > 0 {
		t.Errorf("%d deviations", n)
	}
}

// sweepRun sweeps a scenario after a change to the run.
func sweepRun(t *testing.T, name string, o *Options, change func(*scenarios.Run)) *RunResult {
	t.Helper()
	result, err := trySweep(t, name, o, change)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func trySweep(t *testing.T, name string, o *Options, change func(*scenarios.Run)) (*RunResult, error) {
	t.Helper()
	found := corpustest.Target(t, name)
	run, err := found.Scenario.Build(found.Variant, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	change(run)
	return newRunner(run, o).sweep(t.Context())
}

// takenSweep takes interrupts at every point of a scenario, after a change to the run.
func takenSweep(t *testing.T, name string, walkers []registry.Spec, change func(*scenarios.Run)) []Deviation {
	t.Helper()
	return sweepRun(t, name, &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1,
		Deliver: verdict.Taken}, change).Deviations
}

// reliableWalkers are those of kernels with metadata records that matter today.
func reliableWalkers(t *testing.T) []registry.Spec {
	t.Helper()
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	return walkers
}

// Every mistake in the entry code, in the way out of it, or in the harness is noticed, at every point.
func TestBrokenInterruptIsNoticed(t *testing.T) {
	broken := func(bug string) func(*scenarios.Run) {
		return func(run *scenarios.Run) { run.IRQ = corpustest.BrokenEntry(t, run, bug) }
	}
	for _, tt := range []struct {
		name   string
		change func(*scenarios.Run)
		want   string // in what every deviation says; "" if there must be none
	}{
		{"nothing", func(*scenarios.Run) {}, ""},
		{"entry forgets registers", broken("entry"), "X12 was "},
		{"exit forgets registers", broken("exit"), "X10 was "},
		{"exit forgets PSTATE", broken("spsr"), "PSTATE was "},
		{"no frame record", broken("record"), "with an overlay"},
		{"interrupt stack not switched", broken("stack"), "doesn't run on the irq stack"},
		{"memory changed", func(run *scenarios.Run) { run.HandlerOutput = nil }, "memory at "},
		{"handler never reached", func(run *scenarios.Run) {
			run.IRQ.Handler = corpustest.Symbol(t, run, "unexpected_exception")
		}, "without having been in the handler"},
		{"wrong vector", func(run *scenarios.Run) { run.IRQ.Vector += 0x180 }, "undefined instruction"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := takenSweep(t, "chain/plain", reliableWalkers(t), tt.change)
			if (len(all) > 0) != (tt.want != "") {
				t.Fatalf("%d deviations", len(all))
			}
			noticed := map[int]bool{}
			for _, d := range all {
				if !strings.Contains(d.What, tt.want) {
					t.Fatalf("step %d: %s; want %q", d.Step, d.What, tt.want)
				}
				noticed[d.Step] = true
			}
			if tt.want != "" && len(noticed) < 500 {
				t.Errorf("noticed at %d points only", len(noticed))
			}
		})
	}
}

// A walker for which it makes a difference how an exception is delivered is found out.
func TestDeliveryMakesADifference(t *testing.T) {
	for what, change := range map[string]func(*unwind.Trace){
		"frames":   func(t *unwind.Trace) { t.Add(unwind.Frame{PC: 1}) },
		"reliable": func(t *unwind.Trace) { t.Reliable = true },
		"failure":  func(t *unwind.Trace) { t.Failure = unwind.Failure{Reason: unwind.Misaligned} },
	} {
		spec := registry.Spec{Name: "test", New: func(run *scenarios.Run) unwind.Walker {
			return walkerFunc(func(task *unwind.Task, t *unwind.Trace) {
				t.Add(unwind.Frame{})
				if task.Start.PC == run.ExceptionFrame {
					return // an overlay: one frame of the exception's own code
				}
				t.Add(unwind.Frame{})
				t.Add(unwind.Frame{})
				change(t)
			})
		}}
		all := takenSweep(t, "chain/plain", []registry.Spec{spec}, func(*scenarios.Run) {})
		if len(all) == 0 {
			t.Errorf("%s: no deviation", what)
		}
		for _, d := range all {
			if d.Walker != "test" || !strings.Contains(d.What, what) {
				t.Fatalf("%s: %q, %s", what, d.Walker, d.What)
			}
		}
	}
}
