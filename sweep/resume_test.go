// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/generated"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A twice walks everything two times: resumed, and as a whole by another walker of the same kind.
type twice struct {
	unwind.Resumer
	whole         unwind.Walker
	got, want     unwind.Trace
	walks, frames *int // that were resumed, and their frames that were not walked
	differ        func(got, want *unwind.Trace)
}

func (w *twice) PreMetadata() bool { return unwind.PreMetadata(w.whole) }

func (w *twice) Resume(task *unwind.Task, t *unwind.Trace) (known, kept int) {
	w.whole.Walk(task, &w.want)
	known, _ = w.Resumer.Resume(task, t)
	if known > 0 {
		*w.walks++
		*w.frames += known
	}
	w.got = *t
	w.got.Frames = slices.Clone(t.Frames)
	w.Resumer.Complete(&w.got)
	if w.got.Reliable != w.want.Reliable || w.got.Failure != w.want.Failure ||
		!slices.Equal(w.got.Frames, w.want.Frames) || !slices.Equal(w.got.Warnings, w.want.Warnings) {
		w.differ(&w.got, &w.want)
	}
	t.Frames = append(t.Frames[:0], w.got.Frames...)
	return 0, 0
}

func (w *twice) Complete(*unwind.Trace) {}
func (w *twice) Joint() unwind.Joint    { return unwind.Joint{} }

// sharingTargets are all scenarios, and some random programs.
func sharingTargets(t *testing.T) []verdict.Target {
	t.Helper()
	targets := verdict.Targets(corpus.All())
	for seed := range uint64(20) {
		s, err := generated.Scenario(seed)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, verdict.Targets([]*scenarios.Scenario{s})...)
	}
	return targets
}

// A walk that is resumed is the whole walk, at every point of every scenario, and of random programs.
func TestResumedWalksAreWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	targets := sharingTargets(t)
	walks, frames := 0, 0
	var specs []registry.Spec
	for _, s := range registry.All() {
		specs = append(specs, registry.Spec{Name: s.Name, New: func(run *scenarios.Run) unwind.Walker {
			inner, ok := s.New(run).(unwind.Resumer)
			if !ok {
				return s.New(run)
			}
			failed := false
			return &twice{Resumer: inner, whole: s.New(run), walks: &walks, frames: &frames,
				differ: func(got, want *unwind.Trace) {
					if !failed {
						failed = true
						t.Errorf("%s:%s %s: resumed %+v, whole %+v", run.Scenario, run.Variant, s.Name, got, want)
					}
				}}
		}})
	}
	for _, modes := range [][]verdict.Mode{verdict.StepModes(), {verdict.Pairs}} {
		some := targets
		if modes[0] == verdict.Pairs {
			some = nil
			for _, name := range pairTargets {
				some = append(some, corpustest.Target(t, name))
			}
		}
		o := Options{Walkers: specs, Modes: modes, Jobs: 1}
		if err := Sweep(t.Context(), some, o, func(*RunResult) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d walks were resumed, %d frames not walked again", walks, frames)
	if walks < 100_000 || frames < 2*walks {
		t.Errorf("only %d walks were resumed, and %d frames were not walked again", walks, frames)
	}
}

// Nor does anything else of a result depend on it.
func TestVerdictsOfResumedWalks(t *testing.T) {
	var targets []verdict.Target
	for _, name := range []string{"chain/plain", "fgraph/return:mainline", "fgraph/return:lr",
		"kretprobe/annotated:mainline", "exception/overflow:described", "termination/corrupt", "stale/register:bare"} {
		targets = append(targets, corpustest.Target(t, name))
	}
	for _, tt := range []struct {
		modes []verdict.Mode
		keep  bool
	}{
		{verdict.StepModes(), false},
		{verdict.StepModes(), true},
		{[]verdict.Mode{verdict.Pairs}, false},
	} {
		some := targets
		if tt.modes[0] == verdict.Pairs {
			some = []verdict.Target{corpustest.Target(t, pairTargets[0]), corpustest.Target(t, pairTargets[2])}
		}
		sweep := func(whole bool) []*RunResult {
			return sweepTargets(t, some, func(o *Options) {
				o.Modes, o.WholeWalks = tt.modes, whole
				if tt.keep {
					o.Keep = func(p *Point) bool { return p.Verdict != verdict.Exact || p.Step%7 == 0 }
				}
			})
		}
		whole, resumed := sweep(true), sweep(false)
		if diff := cmp.Diff(summaries(whole), summaries(resumed)); diff != "" {
			t.Errorf("%v: (-whole +resumed)\n%s", tt.modes, diff)
		}
		for i := range whole {
			if diff := cmp.Diff(fmt.Sprint(whole[i].Points), fmt.Sprint(resumed[i].Points)); diff != "" {
				t.Fatalf("%v %s: points (-whole +resumed)\n%.2000s", tt.modes, whole[i].Scenario, diff)
			}
		}
	}
}
