// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// Points that are handed over while a sweep goes on are those that would be collected, in the same order, each target's
// between the result before it and its own; whatever the number of goroutines.
func TestPointsAreHandedOverInOrder(t *testing.T) {
	targets := verdict.Targets(corpus.All())[:12]
	sweepPoints := func(jobs int, handOver bool) (all []Point, order []string) {
		o := Options{Walkers: registry.All()[:2], Modes: verdict.StepModes(), Jobs: jobs}
		keepAll(&o)
		if handOver {
			o.Points = func(s *Subject, points []Point) error {
				for _, p := range points {
					if p.Scenario != s.Scenario || p.Variant != s.Variant {
						t.Fatalf("a point of %s:%s among those of %s:%s", p.Scenario, p.Variant, s.Scenario, s.Variant)
					}
				}
				all = append(all, points...)
				order = append(order, "points of "+s.Scenario+":"+s.Variant)
				return nil
			}
		}
		err := Sweep(t.Context(), targets, o, func(r *RunResult) error {
			if handOver != (r.Points == nil) {
				t.Errorf("%d points were collected", len(r.Points))
			}
			all = append(all, r.Points...)
			order = append(order, "result of "+r.Scenario+":"+r.Variant)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all, slices.Compact(order)
	}
	want, _ := sweepPoints(1, false)
	var wantOrder []string
	for _, target := range targets {
		wantOrder = append(wantOrder, "points of "+target.String(), "result of "+target.String())
	}
	for _, jobs := range []int{1, 5} {
		got, order := sweepPoints(jobs, true)
		if diff := cmp.Diff(wantOrder, order); diff != "" {
			t.Errorf("%d goroutines: order (-want +got):\n%s", jobs, diff)
		}
		if len(want) == 0 || !reflect.DeepEqual(want, got) {
			t.Errorf("%d goroutines: %d points handed over, %d collected, or others", jobs, len(got), len(want))
		}
	}
}

// Goroutines that are ahead wait until what they have found is taken from them, so that memory is bounded; and what the
// lanes of a run find comes in order.
func TestGoroutinesAheadWait(t *testing.T) {
	chain, _ := corpus.All().Find("chain/plain")
	long := scenarios.New("long", "", chain.Variants, func(string, scenarios.Options) (*scenarios.Run, error) {
		return longChain(t, 100_000), nil
	})
	targets := slices.Repeat(verdict.Targets([]*scenarios.Scenario{long}), 6)
	const jobs = 4
	var kept, taken atomic.Int64
	o := Options{Walkers: registry.All()[:1], Modes: []verdict.Mode{verdict.NMI}, Jobs: jobs}
	o.Keep = func(*Point) bool { kept.Add(1); return true }
	most := int64(0)
	o.Points = func(_ *Subject, points []Point) error {
		for waited := int64(-1); waited != kept.Load() && taken.Load() == 0; { // the first time, until nothing moves
			waited = kept.Load()
			time.Sleep(20 * time.Millisecond)
		}
		most = max(most, kept.Load()-taken.Load())
		if !slices.IsSortedFunc(points, func(a, b Point) int { return a.Step - b.Step }) {
			t.Error("the points of a batch, judged by several lanes, are out of order")
		}
		taken.Add(int64(len(points)))
		return nil
	}
	if err := Sweep(t.Context(), targets, o, func(*RunResult) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if kept.Load() != taken.Load() || taken.Load() < 500_000 {
		t.Errorf("%d points kept, %d handed over", kept.Load(), taken.Load())
	}
	// Of each target that is worked on: a batch in the making, one that waits, and one that is being handed over.
	if limit := int64(jobs * 3 * keptSteps); most > limit {
		t.Errorf("%d points were waiting, more than %d", most, limit)
	}
}

// A sweep whose points can't be written ends, also where goroutines wait for others' points to be taken.
func TestPointsThatNobodyTakes(t *testing.T) {
	full := errors.New("disk full")
	o := Options{Walkers: registry.All()[:1], Modes: verdict.StepModes(), Jobs: 3,
		Points: func(*Subject, []Point) error {
			return full
		}}
	keepAll(&o)
	targets := verdict.Targets(corpus.All())
	err := Sweep(t.Context(), targets, o, func(*RunResult) error { return nil })
	if !errors.Is(err, full) || !strings.Contains(err.Error(), targets[0].String()) {
		t.Errorf("%v, want %v with the target's name", err, full)
	}
}

// A step is some hundred pairs, and a point of each takes half a kilobyte: they are handed over a few steps at a time,
// so that they fit into memory.
func TestPairsAreHandedOverBitByBit(t *testing.T) {
	o := Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{verdict.Pairs}, Jobs: 1}
	keepAll(&o)
	batches, points := 0, 0
	o.Points = func(_ *Subject, found []Point) error {
		steps := map[int]bool{}
		for i := range found {
			steps[found[i].Step] = true
		}
		if len(steps) > keptPairSteps {
			t.Errorf("points of %d steps at once", len(steps))
		}
		batches++
		points += len(found)
		return nil
	}
	targets := []verdict.Target{corpustest.Target(t, "termination/outermost")}
	if err := Sweep(t.Context(), targets, o, func(*RunResult) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if batches < 2 || points < 100*batches {
		t.Errorf("%d points in %d batches", points, batches)
	}
}
