// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// takenTargets are short runs of every kind: plain, traced, switched out, in exceptions, leaf, with signed addresses, with a
// full stack, with masks.
var takenTargets = []string{
	"chain/plain", "fgraph/resched:mainline", "fgraph/refused:lr", "kretprobe/annotated:mainline", "kretprobe/asleep:plain",
	"kretprobe/tailcall:frame", "leaf/strlen:annotated", "termination/corrupt:other_stack", "pac/gcc",
	"exception/fixup:leaf", "exception/fixup:plain", "exception/fixup:signed", "exception/overflow:described", "exception/overflow:plain",
	"exception/overflow:signed", "exception/masked:irq", "exception/masked:interrupts", "exception/masked:all", "exception/masked:signed",
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

// An SDEI event can be taken wherever SP is. Without one, nothing can be taken where SP is no stack's: the walk is that with
// an overlay, and counted.
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
				if want := map[bool]string{true: "sdei", false: "irq"}[sdei]; p.Way != want || !p.Masked {
					t.Errorf("step %d: %s, masked %v; want %s", p.Step, p.Way, p.Masked, want)
				}
			}
		}
		// By chance, SP may be a stack's there.
		if overlaid := len(o.Walkers) * r.Untaken; inSlot == 0 || overlaid > inSlot {
			t.Errorf("SDEI %v: %d points in the slot, %d overlaid", sdei, inSlot, overlaid)
		}
	}
}

// Neither the number of goroutines matters, nor whether a run is recorded as a whole.
func TestTakenInPieces(t *testing.T) {
	run, err := target(t, "prologue/traced:slot").Scenario.Build("slot", scenarios.Options{})
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
	found := target(t, name)
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
	return sweepRun(t, name, &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1, Deliver: verdict.Taken}, change).Deviations
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

// symbol returns the address of a symbol.
func symbol(t *testing.T, run *scenarios.Run, name string) uint64 {
	t.Helper()
	s, ok := run.Image.Symbols.Lookup(name)
	if !ok {
		t.Fatalf("no symbol %s", name)
	}
	return s.Addr
}

// brokenEntry is the entry with a mistake in it that the corpus has under that name; "" is the right one.
func brokenEntry(t *testing.T, run *scenarios.Run, bug string) scenarios.Entry {
	t.Helper()
	if bug == "" {
		return run.IRQ
	}
	e, err := guest.FindEntry(run.Image, symbol(t, run, "vector_"+bug), "el1h_64_irq_"+bug, "el1h_64_irq_"+bug)
	if err != nil {
		t.Fatal(err)
	}
	e.Handler, e.Stack = run.IRQ.Handler, run.IRQ.Stack
	return e
}

// Every mistake in the entry code, in the way out of it, or in the harness is noticed, at every point.
func TestBrokenInterruptIsNoticed(t *testing.T) {
	broken := func(bug string) func(*scenarios.Run) {
		return func(run *scenarios.Run) { run.IRQ = brokenEntry(t, run, bug) }
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
		{"handler never reached", func(run *scenarios.Run) { run.IRQ.Handler = symbol(t, run, "unexpected_exception") }, "without having been in the handler"},
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

// What an interrupt does to the rest of the run shows at the end of it.
func TestEndIsCompared(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*ending)
		want   string
	}{
		"nothing":   {func(*ending) {}, ""},
		"registers": {func(e *ending) { e.regs.X[20] ^= 1 }, "at the end: not transparent: X20"},
		"memory":    {func(e *ending) { e.memory = nil }, "not transparent: at the end: emu: unlogged"},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := target(t, "chain/plain").Scenario.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			m, err := run.Machine()
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			start := m.Snapshot()
			if err := m.Run(run.Until, run.Limit); err != nil {
				t.Fatal(err)
			}
			end := &ending{memory: m.Snapshot()}
			if end.regs, err = m.Regs(); err != nil {
				t.Fatal(err)
			}
			tt.change(end)
			if end.memory == nil {
				end.memory = start
			}
			i, err := newInterrupter(run, end)
			if err != nil {
				t.Fatal(err)
			}
			defer i.m.Close()
			err = i.take(100, verdict.IRQ, &run.IRQ, true, func() {})
			var d *disturbance
			if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &d) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
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

// withinInterrupt lets something arrive before every instruction of an interrupt, from the vector to the ERET. It counts how
// often it did, and how often the outer interrupt did then not come back as if nothing had been.
func withinInterrupt(t *testing.T, run *scenarios.Run, entry scenarios.Entry, arrive func(*interrupter) (bool, error)) (arrivals, disturbances int) {
	t.Helper()
	i, err := newInterrupter(run, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer i.m.Close()
	if err := i.m.Advance(100); err != nil {
		t.Fatal(err)
	}
	before, _ := i.m.Regs()
	for n, more := 0, true; more; n++ {
		err := i.m.Fork(func() error {
			i.stores, i.own = i.stores[:0], append(i.own[:0], entry.Stack)
			if err := i.m.Enter(entry.Vector); err != nil {
				return err
			}
			if err := i.m.Advance(n); err != nil {
				return err
			}
			more = i.m.PC() != entry.Return
			if ok, err := arrive(i); !ok || err != nil {
				return err
			}
			arrivals++
			if err := i.runTo(entry.Return); err != nil {
				return err
			}
			if err := i.m.Advance(1); err != nil {
				return err
			}
			return i.unchanged(&before)
		})
		var d *disturbance
		switch {
		case errors.As(err, &d):
			disturbances++
		case err != nil:
			t.Fatalf("instruction %d: %v", n, err)
		}
	}
	return arrivals, disturbances
}

// An interrupt within an interrupt, before every instruction from the vector to the ERET: the outer one must come back
// as if nothing had been. A way out that has left pt_regs before it has loaded everything from there does not.
func TestInterruptWithinInterrupt(t *testing.T) {
	run, err := target(t, "chain/plain").Scenario.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for bug, want := range map[string][]string{
		"":         nil,
		"sp_first": {"ldp x28, x29", "ldr x30"},
	} {
		n, disturbances := withinInterrupt(t, run, brokenEntry(t, run, bug), interruptOnce)
		if n < 60 || disturbances != len(want) {
			t.Errorf("%q: %d of %d interrupts disturb the outer one, want %v", bug, disturbances, n, want)
		}
	}
}

// interruptOnce takes an interrupt where the machine stands, like one that can't be masked, if there is a stack to take it on.
func interruptOnce(i *interrupter) (bool, error) {
	saved, err := saveSystem(i.m)
	if err != nil {
		return false, err
	}
	before, err := i.m.Regs()
	if err != nil || !i.hasRoom(&i.run.IRQ, before.SP) {
		return false, err
	}
	if err := i.m.Enter(i.run.IRQ.Vector); err != nil {
		return false, err
	}
	if err := i.leave(&i.run.IRQ, &before); err != nil {
		return false, err
	}
	return true, saved.restore(i.m)
}

// What really arrives within an interrupt: another one where its entry lets it in, which must not be before it has saved
// ELR and SPSR, and an event of SDEI anywhere, from the vector to the ERET. Nobody puts system registers back.
func TestExceptionsWithinInterrupt(t *testing.T) {
	run, err := target(t, "chain/plain").Scenario.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	event := run.Arrival(emu.PStateDAIF).Entry(false)
	for _, tt := range []struct {
		name, bug string
		inner     *scenarios.Entry
		masks     uint64 // that keep the inner one out
		arrives   [2]int // at so many instructions at least, and at most
		disturbed int    // so many times at least; 0: never
	}{
		{"interrupt", "", &run.IRQ, emu.PStateI, [2]int{0, 0}, 0},
		{"interrupt, let in too early", "late", &run.IRQ, emu.PStateI, [2]int{20, 40}, 15},
		{"SError", "", run.Arrival(emu.PStateI | emu.PStateF).Entry(false), emu.PStateA, [2]int{5, 40}, 0},
		{"event", "", event, 0, [2]int{70, 100}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			arrivals, disturbances := withinInterrupt(t, run, brokenEntry(t, run, tt.bug), func(i *interrupter) (bool, error) {
				at, err := i.m.Regs()
				if err != nil || at.PState&tt.masks != 0 {
					return false, err
				}
				if err := i.enter(tt.inner, &at); err != nil {
					return true, err
				}
				if err := i.leave(tt.inner, &at); err != nil {
					return true, err
				}
				if after, _ := i.m.Regs(); after != at {
					t.Errorf("at %#x, the inner exception changes registers", at.PC)
				}
				return true, nil
			})
			if arrivals < tt.arrives[0] || arrivals > tt.arrives[1] || disturbances < tt.disturbed || tt.disturbed == 0 && disturbances > 0 {
				t.Errorf("%d arrivals, %d disturbances", arrivals, disturbances)
			}
		})
	}
}

// BenchmarkTaken measures a point: stepping on, forking, going into the handler and out again.
func BenchmarkTaken(b *testing.B) {
	found, err := verdict.FindTarget(corpus.All(), "fgraph/return:mainline")
	if err != nil {
		b.Fatal(err)
	}
	run, err := found.Scenario.Build(found.Variant, scenarios.Options{})
	if err != nil {
		b.Fatal(err)
	}
	i, err := newInterrupter(run, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer i.m.Close()
	const first, steps = 100, 5000
	step := first
	b.Run("fork", func(b *testing.B) {
		for b.Loop() {
			if err := i.m.Fork(func() error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("point", func(b *testing.B) {
		for b.Loop() {
			if err := i.take(step, verdict.IRQ, &run.IRQ, false, func() {}); err != nil {
				b.Fatal(err)
			}
			if step < steps {
				step++
			}
		}
	})
}
