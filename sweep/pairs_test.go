// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// pairTargets are short: each of their interrupts is interrupted at every instruction.
var pairTargets = []string{
	"termination/outermost", "stale/register:wrong", "kretprobe/annotated:mainline",
	"kretprobe/annotated:plain", "pac/gcc",
}

func pairsOnly(o *Options) { o.Modes = []verdict.Mode{verdict.Pairs} }

// sweepPairs sweeps the pairs of a run, after a change to it and to how it is swept.
func sweepPairs(t *testing.T, name string, change func(*scenarios.Run, *runner)) (*RunResult, error) {
	t.Helper()
	found := corpustest.Target(t, name)
	run, err := found.Scenario.Build(found.Variant, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{verdict.Pairs}, Jobs: 1}
	keepAll(o)
	r := newRunner(run, o)
	if change != nil {
		change(run, r)
	}
	return r.sweep(t.Context())
}

// Every interrupt is interrupted before each of its instructions, from the vector to the ERET.
func TestEveryPair(t *testing.T) {
	change := func(o *Options) {
		o.Walkers, o.Modes = reliableWalkers(t), []verdict.Mode{verdict.IRQ, verdict.Pairs}
		keepAll(o)
	}
	r := sweepTargets(t, []verdict.Target{corpustest.Target(t, "kretprobe/annotated:mainline")}, change)[0]
	single, pairs := map[int]int{}, map[int][]*Point{}
	for i := range r.Points {
		switch p := &r.Points[i]; {
		case p.Walker != "sframe":
		case p.Mode == verdict.IRQ:
			single[p.Step]++
		case p.Mode == verdict.Pairs:
			pairs[p.Step] = append(pairs[p.Step], p)
		}
	}
	if len(single) == 0 || len(single) != len(pairs) {
		t.Fatalf("%d interrupts, %d were interrupted", len(single), len(pairs))
	}
	for step, all := range pairs {
		for n, p := range all {
			if p.Second != n || !p.Masked {
				t.Fatalf("pair %d of step %d is %d, interrupts masked: %v", n, step, p.Second, p.Masked)
			}
		}
		first, last := all[0], all[len(all)-1]
		if name, offset := r.Symbols.Locate(first.PC); name != "vectors" || offset != 0x280 {
			t.Errorf("step %d: the first instruction is %s+%#x", step, name, offset)
		}
		if name, offset := r.Symbols.Locate(last.PC); name != "ret_to_kernel" || offset != 0x54 {
			t.Errorf("step %d: the last instruction is %s+%#x", step, name, offset)
		}
	}
}

// Nothing is masked where the handler has unmasked interrupts.
func TestPairsKnowMasks(t *testing.T) {
	const daifclr = 0xd50342ff // msr daifclr, #2: in the place of the addition in handle_irq
	r, err := sweepPairs(t, "stale/register:bare", func(run *scenarios.Run, _ *runner) {
		patchAt(t, run, corpustest.Symbol(t, run, "handle_irq")+8, daifclr)
	})
	if err != nil {
		t.Fatal(err)
	}
	unmasked := map[string]bool{}
	for i := range r.Points {
		name, offset := r.Symbols.Locate(r.Points[i].PC)
		after := name == "handle_irq" && offset > 8 || name == "call_on_irq_stack" && offset > 0x14 ||
			name == "el1h_64_irq_handler" && offset > 0x3c || name == "el1h_64_irq" && offset > 0x64 ||
			name == "ret_to_kernel" && offset == 0
		if r.Points[i].Masked == after {
			t.Fatalf("%s+%#x: masked %v", name, offset, !after)
		}
		if after {
			unmasked[name] = true
		}
	}
	if len(unmasked) != 5 {
		t.Errorf("interrupts are unmasked in %v", unmasked)
	}
}

// patchAt replaces an instruction of a run's code.
func patchAt(t *testing.T, run *scenarios.Run, addr uint64, word uint32) {
	t.Helper()
	binary.LittleEndian.PutUint32(memoryOf(t, run, addr, 4), word)
}

// Whatever rule of an oracle is broken inside the first exception, the sweep ends in a conflict.
func TestBrokenOracleInsideIsAConflict(t *testing.T) {
	inside := func(whole, broken truth.Oracle) truth.Oracle {
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			if b.Depth() > 0 {
				return broken(log, k, b)
			}
			return whole(log, k, b)
		}
	}
	shallow := func(o truth.Oracle) truth.Oracle { // the interrupted function's caller is forgotten
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			return o(log, k, b.Outer())
		}
	}
	moved := func(o truth.Oracle, kind emu.TransferKind) truth.Oracle {
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			log[0][0].SP += 16 // log[0] is that the exception was taken
			return o(log, k, b)
		}
	}
	isException := func(t *truth.Transfer) bool { return t.Kind == emu.Exception }
	isExceptionReturn := func(t *truth.Transfer) bool { return t.Kind == emu.ExceptionReturn }
	for name, oracles := range map[string]truth.Oracles{
		"past skips a call": {inside(truth.Past, without(truth.Past, 1, isCall)), truth.Future},
		"past skips a return": {inside(truth.Past, without(truth.Past, 1, isReturn)),
			truth.Future},
		"past doesn't see the exception": {inside(truth.Past, without(truth.Past, 0, isException)),
			truth.Future},
		"past knows another stack": {inside(truth.Past, shallow(truth.Past)), truth.Future},
		"future skips a call": {truth.Past,
			inside(truth.Future, without(truth.Future, 1, isCall))},
		"future skips a return": {truth.Past,
			inside(truth.Future, without(truth.Future, 1, isReturn))},
		"future doesn't see the exception's return": {truth.Past,
			inside(truth.Future, without(truth.Future, 0, isExceptionReturn))},
		"future knows another stack": {truth.Past, inside(truth.Future, shallow(truth.Future))},
		"SP is another after the exception": {inside(truth.Past, moved(truth.Past, emu.Exception)),
			truth.Future},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sweepPairs(t, "stale/register:bare", func(_ *scenarios.Run, r *runner) { r.oracles = oracles })
			if !errors.Is(err, truth.ErrConflict) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Two exceptions that are taken within each other leave no trace, and every walk finds what it finds with an overlay.
func TestTakenPairsEqualOverlay(t *testing.T) {
	var targets []verdict.Target
	for _, name := range pairTargets {
		targets = append(targets, corpustest.Target(t, name))
	}
	overlaid := sweepTargets(t, targets, pairsOnly)
	taken := sweepTargets(t, targets, func(o *Options) { pairsOnly(o); o.Deliver = verdict.Taken })
	sameAsOverlay(t, overlaid, taken)
	for _, r := range taken {
		if r.Untaken != 0 {
			t.Errorf("%s: %d exceptions were not taken", r.Scenario, r.Untaken)
		}
	}
}

// Neither the number of goroutines matters, nor whether a run is recorded as a whole.
func TestPairsInPieces(t *testing.T) {
	sweep := func(deliver verdict.Delivery, jobs, steps int) string {
		// Most of its steps are in the exception of a probe, where interrupts are masked.
		r, err := sweepPairs(t, "kretprobe/annotated:mainline", func(_ *scenarios.Run, r *runner) {
			r.options.Jobs, r.options.Deliver = jobs, deliver
			if steps > 0 {
				r.shortSteps, r.chunkSteps = steps, steps
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return summaries([]*RunResult{r}) + fmt.Sprint(len(r.Points), r.Points[len(r.Points)/2].Position, r.Untaken)
	}
	for _, deliver := range []verdict.Delivery{verdict.Overlay, verdict.Taken} {
		want := sweep(deliver, 1, 0)
		for _, steps := range []int{0, 199} {
			if diff := cmp.Diff(want, sweep(deliver, 3, steps)); diff != "" {
				t.Errorf("%v, %d steps: %s", deliver, steps, diff)
			}
		}
	}
}

// Mistakes in the entry code are noticed when an exception of the same kind meets another one: some of them only then.
func TestBrokenPairsAreNoticed(t *testing.T) {
	broken := func(bug string) func(*testing.T, *scenarios.Run) {
		return func(t *testing.T, run *scenarios.Run) { run.IRQ = corpustest.BrokenEntry(t, run, bug) }
	}
	const b16 = 0x14000004 // b .+16
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *scenarios.Run)
		want   string   // in what every deviation says; "" if there must be none
		at     []string // where the second exception is noticed; nil: not compared
	}{
		{"nothing", func(*testing.T, *scenarios.Run) {}, "", nil},
		// The second exception finds what the first one has yet to load below SP.
		{"exit leaves pt_regs too early", broken("sp_first"), "after both exceptions: X",
			[]string{"el1h_64_irq_sp_first+0xb4", "el1h_64_irq_sp_first+0xb8"}},
		{"exit forgets PSTATE", broken("spsr"), "not transparent: PSTATE was ", nil},
		// The second exception begins at the top of the interrupt stack, where the first one's frames are.
		{"interrupt stack is switched twice", func(t *testing.T, run *scenarios.Run) {
			// the branch for what is on the task's stack
			patchAt(t, run, corpustest.Symbol(t, run, "el1h_64_irq_handler")+0x24, b16)
		}, "runs over the irq stack, which was in use", []string{
			"call_on_irq_stack+0x14", "call_on_irq_stack+0x18", "handle_irq+0x0", "handle_irq+0x10", "handle_irq+0x4",
			"handle_irq+0x8", "handle_irq+0xc",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := sweepPairs(t, "stale/register:bare", func(run *scenarios.Run, r *runner) {
				run.Unmaskable = nil // SDEI has a stack of its own, and finds nothing in the way
				tt.change(t, run)
				r.options.Deliver = verdict.Taken
			})
			if err != nil {
				t.Fatal(err)
			}
			places := map[string]bool{}
			for _, d := range r.Deviations {
				if tt.want == "" || !strings.Contains(d.What, tt.want) {
					t.Errorf("%s: %s, want %q", r.PointName(&d), d.What, tt.want)
				}
				name, offset := r.Symbols.Locate(d.PC)
				places[fmt.Sprintf("%s+%#x", name, offset)] = true
			}
			if (len(places) > 0) != (tt.want != "") {
				t.Errorf("noticed at %v", places)
			}
			if tt.at == nil {
				return
			}
			if diff := cmp.Diff(tt.at, slices.Sorted(maps.Keys(places))); diff != "" {
				t.Errorf("noticed at (-want +got)\n%s", diff)
			}
			firsts := map[int]bool{}
			for i := range r.Points {
				firsts[r.Points[i].Step] = true
			}
			if want := len(tt.at) * len(firsts); len(r.Deviations) != want {
				t.Errorf("noticed %d times, want %d", len(r.Deviations), want)
			}
		})
	}
}

// A walker for which it makes a difference how a second exception is delivered is found out.
func TestDeliveryOfPairsMakesADifference(t *testing.T) {
	spec := registry.Spec{Name: "test", New: func(run *scenarios.Run) unwind.Walker {
		return walkerFunc(func(task *unwind.Task, trace *unwind.Trace) {
			trace.Add(unwind.Frame{})
			trace.Reliable = task.Start.PC == run.ExceptionFrame
		})
	}}
	r, err := sweepPairs(t, "stale/register:bare", func(_ *scenarios.Run, r *runner) {
		r.walkers, r.options.Deliver = []registry.Spec{spec}, verdict.Taken
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Deviations) == 0 {
		t.Error("no deviation")
	}
	for _, d := range r.Deviations {
		if d.Walker != "test" || d.Mode != verdict.Pairs {
			t.Fatalf("%s %s: %s", r.PointName(&d), d.Walker, d.What)
		}
	}
}
