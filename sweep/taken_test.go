package sweep

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// takenTargets are short runs of every kind: plain, traced, switched out, in exceptions, leaf, with signed addresses.
var takenTargets = []string{
	"chain/plain", "fgraph/resched:mainline", "fgraph/refused:lr", "kretprobe/annotated:mainline", "kretprobe/asleep:plain",
	"kretprobe/tailcall:frame", "leaf/strlen:annotated", "termination/corrupt:other_stack", "pac/gcc",
}

// An exception that is taken leaves no trace, and every walk finds what it finds with an overlay.
func TestTakenEqualsOverlay(t *testing.T) {
	var targets []Target
	for _, name := range takenTargets {
		if found, err := FindTarget(scenarios.All(), name); err == nil {
			targets = append(targets, found)
		} else {
			t.Error(err)
		}
	}
	exceptions := func(o *Options) { o.Modes = []Mode{IRQ, NMI} }
	overlaid := sweepTargets(t, targets, exceptions)
	taken := sweepTargets(t, targets, func(o *Options) { exceptions(o); o.Deliver = Taken })
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
			r.Summaries[s].Deliver = Overlay
		}
		if diff := cmp.Diff(overlaid[i].Summaries, r.Summaries); diff != "" {
			t.Errorf("%s:%s: (-overlay +taken)\n%s", r.Scenario, r.Variant, diff)
		}
	}
}

// Where SP is not a stack's, nothing can be taken: the walk is that with an overlay, and counted.
func TestUntaken(t *testing.T) {
	change := func(o *Options) { o.Modes, o.Deliver = []Mode{NMI}, Taken; keepAll(o) }
	r := sweepTargets(t, []Target{target(t, "kretprobe/annotated:mainline")}, change)[0]
	if r.Untaken == 0 {
		t.Error("every exception was taken")
	}
	for _, p := range r.Points {
		symbol, offset := Locate(r.Symbols, p.PC)
		overlaid := len(p.Truth) > 1 && p.Truth[1] == p.PC // the handler has three frames of its own
		if inSlot := symbol == "vectors" && offset >= 0x208 && offset <= 0x214; overlaid && !inSlot {
			t.Errorf("step %d: overlaid in %s+%#x", p.Step, symbol, offset)
		}
	}
}

// Neither the number of goroutines matters, nor whether a run is recorded as a whole.
func TestTakenInPieces(t *testing.T) {
	run, err := target(t, "prologue/traced:slot").Scenario.Build("slot", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: reliableWalkers(t), Modes: []Mode{IRQ}, Jobs: 1, Deliver: Taken}
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

// takenSweep takes interrupts at every point of a scenario, after a change to the run.
func takenSweep(t *testing.T, name string, walkers []WalkerSpec, change func(*scenarios.Run)) []Deviation {
	t.Helper()
	found := target(t, name)
	run, err := found.Scenario.Build(found.Variant, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	change(run)
	result, err := newRunner(run, &Options{Walkers: walkers, Modes: []Mode{IRQ}, Jobs: 1, Deliver: Taken}).sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result.Deviations
}

// reliableWalkers are those of kernels with metadata records that matter today.
func reliableWalkers(t *testing.T) []WalkerSpec {
	t.Helper()
	walkers, err := FindWalkers("v6.17,sframe")
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
	e, err := scenarios.FindEntry(run.Image, symbol(t, run, "vector_"+bug), "el1h_64_irq_"+bug, "el1h_64_irq_"+bug)
	if err != nil {
		t.Fatal(err)
	}
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
		{"interrupt stack not switched", broken("stack"), "doesn't run on the interrupt stack"},
		{"memory changed", func(run *scenarios.Run) { run.HandlerOutput = nil }, "memory at "},
		{"handler never reached", func(run *scenarios.Run) { run.Handler = symbol(t, run, "unexpected_exception") }, "without having been in the handler"},
		{"wrong vector", func(run *scenarios.Run) { run.IRQ.Vector += 0x80 }, "undefined instruction"},
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
			m, err := newMachine(run)
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
			err = i.take(100, IRQ, &run.IRQ, true, func() {})
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
		spec := WalkerSpec{Name: "test", New: func(run *scenarios.Run) unwind.Walker {
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
		all := takenSweep(t, "chain/plain", []WalkerSpec{spec}, func(*scenarios.Run) {})
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
		i, err := newInterrupter(run, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer i.m.Close()
		if err := i.m.Advance(100); err != nil {
			t.Fatal(err)
		}
		before, _ := i.m.Regs()
		entry := brokenEntry(t, run, bug)
		disturbances, n := 0, 0
		for more := true; more; n++ {
			err := i.m.Fork(func() error {
				if err := i.m.Enter(entry.Vector); err != nil {
					return err
				}
				if err := i.m.Advance(n); err != nil {
					return err
				}
				more = i.m.PC() != entry.Return
				if err := interruptOnce(i); err != nil {
					return err
				}
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
				t.Fatal(err)
			}
		}
		if n < 70 || disturbances != len(want) {
			t.Errorf("%q: %d of %d interrupts disturb the outer one, want %v", bug, disturbances, n, want)
		}
	}
}

// interruptOnce takes an interrupt where the machine stands, like one that can't be masked.
func interruptOnce(i *interrupter) error {
	saved, err := saveSystem(i.m)
	if err != nil {
		return err
	}
	before, err := i.m.Regs()
	if err != nil {
		return err
	}
	if !i.hasRoom(before.SP) {
		return nil
	}
	if err := i.m.Enter(i.run.IRQ.Vector); err != nil {
		return err
	}
	if err := i.leave(&i.run.IRQ, &before); err != nil {
		return err
	}
	return saved.restore(i.m)
}

// BenchmarkTaken measures a point: stepping on, forking, going into the handler and out again.
func BenchmarkTaken(b *testing.B) {
	found, err := FindTarget(scenarios.All(), "fgraph/return:mainline")
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
			if err := i.take(step, IRQ, &run.IRQ, false, func() {}); err != nil {
				b.Fatal(err)
			}
			if step < steps {
				step++
			}
		}
	})
}
