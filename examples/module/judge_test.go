// SPDX-License-Identifier: GPL-2.0-only

package judge

import (
	"testing"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// At every call of a chain of functions that keep frame records the walk is right. At an instruction where a function
// hasn't pushed its record yet, an interrupt makes it lose a caller: frame records alone can't be called reliable
// there.
func TestFramePointers(t *testing.T) {
	target, err := verdict.FindTarget(corpus.All(), "chain/plain")
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{
		Walkers: []registry.Spec{{Name: "frame-pointers", New: func(*scenarios.Run) unwind.Walker {
			return FramePointers{}
		}}},
		Modes: []verdict.Mode{verdict.Sync, verdict.IRQ},
		Jobs:  2,
	}
	points := map[verdict.Mode]int{}
	unsound := map[verdict.Mode]int{}
	err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		for _, s := range r.Summaries {
			points[s.Mode] += s.Points
		}
		for _, w := range r.Windows {
			if !w.Verdict.Conforming() {
				unsound[w.Mode] += w.Points
				t.Logf("%v at %s, %d points, first %s", w.Verdict, w.Place(), w.Points, w.Key.PointName(w.First))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if points[verdict.Sync] == 0 || unsound[verdict.Sync] != 0 {
		t.Errorf("at calls, %d of %d walks are unsound", unsound[verdict.Sync], points[verdict.Sync])
	}
	if unsound[verdict.IRQ] == 0 {
		t.Errorf("across interrupts, none of %d walks is unsound: has the sweep looked?", points[verdict.IRQ])
	}
}
