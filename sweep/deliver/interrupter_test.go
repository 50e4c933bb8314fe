// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"errors"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/verdict"
)

// What an interrupt does to the rest of the run shows at the end of it.
func TestEndIsCompared(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Ending)
		want   string
	}{
		"nothing":   {func(*Ending) {}, ""},
		"registers": {func(e *Ending) { e.Regs.X[20] ^= 1 }, "at the end: not transparent: X20"},
		"memory":    {func(e *Ending) { e.Memory = nil }, "not transparent: at the end: unlogged"},
	} {
		t.Run(name, func(t *testing.T) {
			run := runtest.Build(t, corpustest.Target(t, "chain/plain").Scenario, "", scenarios.Options{})
			m := runtest.Machine(t, run)
			start := m.Snapshot()
			if err := m.Run(run.Until, run.Limit); err != nil {
				t.Fatal(err)
			}
			regs, err := m.Regs()
			if err != nil {
				t.Fatal(err)
			}
			end := &Ending{Memory: m.Snapshot(), Regs: regs}
			tt.change(end)
			if end.Memory == nil {
				end.Memory = start
			}
			i, err := New(run, end, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer i.m.Close()
			err = i.Take(100, &run.IRQ, false, true, func() {})
			var d *Disturbance
			if tt.want == "" && err != nil || tt.want != "" &&
				(!errors.As(err, &d) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// withinInterrupt lets something arrive before every instruction of an interrupt, from the vector to the ERET. It
// counts how often it did, and how often the outer interrupt did then not come back as if nothing had been.
func withinInterrupt(t *testing.T, run *scenarios.Run, entry scenarios.ExceptionEntry,
	arrive func(*Interrupter) (bool, error)) (arrivals, disturbances int) {
	t.Helper()
	i, err := New(run, nil, Options{})
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
			i.stores, i.handlers = i.stores[:0], append(i.handlers[:0], entry.Stack)
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
		var d *Disturbance
		switch {
		case errors.As(err, &d):
			disturbances++
		case err != nil:
			t.Fatalf("instruction %d: %v", n, err)
		}
	}
	return arrivals, disturbances
}

// interruptOnce takes an interrupt where the machine stands, like one that can't be masked, if there is a stack to take
// it on.
func interruptOnce(i *Interrupter) (bool, error) {
	saved, err := saveSystem(i.m)
	if err != nil {
		return false, err
	}
	before, err := i.m.Regs()
	if err != nil || !i.hasRoom(&i.run.IRQ, &before) {
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

// An interrupt within an interrupt, before every instruction from the vector to the ERET: the outer one must come back
// as if nothing had been. A way out that has left pt_regs before it has loaded everything from there does not.
func TestInterruptWithinInterrupt(t *testing.T) {
	run := runtest.Build(t, corpustest.Target(t, "chain/plain").Scenario, "", scenarios.Options{})
	for bug, want := range map[string][]string{
		"":         nil,
		"sp_first": {"ldp x28, x29", "ldr x30"},
	} {
		n, disturbances := withinInterrupt(t, run, corpustest.BrokenEntry(t, run, bug), interruptOnce)
		if n < 60 || disturbances != len(want) {
			t.Errorf("%q: %d of %d interrupts disturb the outer one, want %v", bug, disturbances, n, want)
		}
	}
}

// What really arrives within an interrupt: another one where its entry lets it in, which must not be before it has
// saved ELR and SPSR, and an event of SDEI anywhere, from the vector to the ERET. Nothing restores system registers.
func TestExceptionsWithinInterrupt(t *testing.T) {
	run := runtest.Build(t, corpustest.Target(t, "chain/plain").Scenario, "", scenarios.Options{})
	event := run.Arrival(emu.PStateDAIF).Entry(false)
	for _, tt := range []struct {
		name, bug string
		inner     *scenarios.ExceptionEntry
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
			arrivals, disturbances := withinInterrupt(t, run, corpustest.BrokenEntry(t, run, tt.bug),
				func(i *Interrupter) (bool, error) {
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
			if arrivals < tt.arrives[0] || arrivals > tt.arrives[1] || disturbances < tt.disturbed ||
				tt.disturbed == 0 && disturbances > 0 {
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
	i, err := New(run, nil, Options{})
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
			if err := i.Take(step, &run.IRQ, false, false, func() {}); err != nil {
				b.Fatal(err)
			}
			if step < steps {
				step++
			}
		}
	})
}
