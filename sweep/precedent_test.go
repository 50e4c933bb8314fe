// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// auditWith returns an auditor that walks whole stacks, and counts.
func auditWith(t *testing.T, decided *int) auditor {
	failed := map[string]bool{}
	return func(p *Prober, walker int, v verdict.Verdict, warned bool) {
		*decided++
		p.prepare()
		want := p.walkWhole(walker)
		name := p.run.Scenario + ":" + p.run.Variant + " " + p.walkers[walker].Name()
		if (v != want || warned != (len(p.trace.Warnings) > 0)) && !failed[name] {
			failed[name] = true
			t.Errorf("%s, step %d: %v by precedent (warned: %t), %v by %+v", name, p.cursor.Step(), v, warned, want,
				p.trace)
		}
	}
}

// What a precedent says about a point is what a whole walk there comes to, at every point of every scenario, and of
// random programs.
func TestPrecedents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	decided := 0
	o := Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: 1, audit: auditWith(t, &decided)}
	points := 0
	count := func(r *RunResult) error {
		for _, s := range r.Summaries {
			points += s.Points
		}
		return nil
	}
	if err := Sweep(t.Context(), sharingTargets(t), o, count); err != nil {
		t.Fatal(err)
	}
	t.Logf("precedents decided %d of %d points", decided, points)
	if decided < points/3 {
		t.Errorf("precedents decided only %d of %d points", decided, points)
	}
}

// A stubborn walker finds the same frame everywhere.
type stubborn struct{ frame uint64 }

func (w *stubborn) Name() string              { return "stubborn" }
func (w *stubborn) Complete(*unwind.Trace)    {}
func (w *stubborn) Joint() unwind.Joint       { return unwind.Joint{} }
func (w *stubborn) Holds(unwind.Joint) bool   { return true }
func (w *stubborn) Alike(uint64, uint64) bool { return false }
func (w *stubborn) Wrote(uint64, uint64)      {}
func (w *stubborn) Forget()                   {}
func (w *stubborn) Walk(_ *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Add(unwind.Frame{PC: w.frame})
	t.Reliable = true
}

func (w *stubborn) Resume(task *unwind.Task, t *unwind.Trace) (known, kept int) {
	w.Walk(task, t)
	return 0, 0
}

// What a walker says may stay the same where the truth doesn't: the verdict is another one.
func TestPrecedentsKnowTheTruth(t *testing.T) {
	run, recording := recordedChain(t, 2000)
	callers := map[uint64]bool{}
	for _, c := range recording.Chunks {
		for i := range c.Transfers {
			if call := &c.Transfers[i]; call.Kind == emu.Call {
				callers[c.PC[call.Step]+4] = true
			}
		}
	}
	decided := 0
	for caller := range callers {
		spec := registry.Spec{Name: "stubborn", New: func(*scenarios.Run) unwind.Walker { return &stubborn{caller} }}
		o := Options{Walkers: []registry.Spec{spec}, Modes: verdict.StepModes(), Jobs: 1, audit: auditWith(t, &decided)}
		if _, err := newRunner(run, &o).sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if decided < 1000*len(callers) {
		t.Errorf("precedents decided %d points for %d callers", decided, len(callers))
	}
}
