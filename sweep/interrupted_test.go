// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// A sweep that is cancelled in the middle of a target hands over what it has done: what is complete, and a beginning of
// the rest, marked, with the same points as in a complete sweep.
func TestInterruptedSweep(t *testing.T) {
	targets := []verdict.Target{corpustest.Target(t, "termination/outermost"), corpustest.Target(t, "chain/plain"),
		corpustest.Target(t, "leaf/strlen:annotated")}
	for _, tt := range []struct {
		name  string
		modes []verdict.Mode
		after int // points of the second target
	}{
		{"single", []verdict.Mode{verdict.Sync, verdict.IRQ}, 700},
		{"pairs", []verdict.Mode{verdict.Pairs}, 7000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := func(o *Options) { o.Walkers, o.Modes, o.Jobs = reliableWalkers(t), tt.modes, 1; keepAll(o) }
			whole := sweepTargets(t, targets, options)
			var o Options
			options(&o)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen := 0
			o.Keep = func(p *Point) bool {
				if p.Scenario == "chain/plain" {
					if seen++; seen == tt.after {
						cancel()
					}
				}
				return true
			}
			o.Progress = &Progress{}
			var got []*RunResult
			err := Sweep(ctx, targets, o, func(r *RunResult) error { got = append(got, r); return nil })
			var cut *Interrupted
			if !errors.As(err, &cut) || !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			if cut.Targets != 3 || cut.Complete != 1 || cut.Partial != 1 || len(got) != 2 {
				t.Fatalf("%v, and %d results", cut, len(got))
			}
			if diff := cmp.Diff(whole[0].Summaries, got[0].Summaries); diff != "" || got[0].Partial {
				t.Errorf("the first target: partial %v, %s", got[0].Partial, diff)
			}
			part, all := got[1], whole[1]
			if !part.Partial || part.Steps != all.Steps || part.Judged == 0 || part.Judged >= part.Steps {
				t.Errorf("partial %v, %d of %d steps judged", part.Partial, part.Judged, part.Steps)
			}
			if n := len(part.Points); n < tt.after || n >= len(all.Points) {
				t.Fatalf("%d of %d points", n, len(all.Points))
			} else if diff := cmp.Diff(all.Points[:n], part.Points); diff != "" {
				t.Errorf("%s", diff)
			}
			points := 0
			for _, s := range part.Summaries {
				points += s.Points
			}
			if points != len(part.Points) {
				t.Errorf("%d points kept, %d counted", len(part.Points), points)
			}
			if r := o.Progress.Report(); r.Part <= 0 || r.Part >= 1 || r.Targets != 3 {
				t.Errorf("progress is %+v", r)
			}
		})
	}
}

// A partial result isn't all there is, so it can't show that an expectation no longer holds.
func TestPartialResultMakesNothingStale(t *testing.T) {
	expect := []verdict.Expectation{{
		Line: 1, Scenarios: []verdict.Subjects{{Name: "chain/plain"}}, Variants: []string{"*"}, Modes: []string{"irq"},
		Walkers: []string{"v6.17"},
		Places:  []verdict.Place{{Symbol: "*", Whole: true}}, Verdict: verdict.Omitted, Reason: "it isn't so",
	}}
	s, _ := corpus.All().Find("chain/plain")
	walkers, err := registry.Find("v6.17")
	if err != nil {
		t.Fatal(err)
	}
	for partial, want := range map[bool]int{false: 1, true: 0} {
		l := verdict.NewLedger(expect)
		(&RunResult{Subject: &Subject{}, Partial: partial,
			Summaries: []Summary{{Key: verdict.Key{Scenario: "chain/plain", Variant: "mainline", Walker: "v6.17",
				Mode: verdict.IRQ}}}}).Note(l)
		if got := len(l.Stale([]*scenarios.Scenario{s}, registry.Names(walkers))); got != want {
			t.Errorf("partial %v: %d lines are stale, want %d", partial, got, want)
		}
	}
}

// A complete sweep is all of the work, whatever the number of goroutines.
func TestProgress(t *testing.T) {
	for _, jobs := range []int{1, 3} {
		var p Progress
		sweepTargets(t, []verdict.Target{corpustest.Target(t, "chain/plain"),
			corpustest.Target(t, "fgraph/return:mainline")}, func(o *Options) {
			o.Jobs, o.Progress = jobs, &p
		})
		want := ProgressReport{Targets: 2, Done: 2, Part: 1}
		if diff := cmp.Diff(want, p.Report()); diff != "" {
			t.Error(diff)
		}
		if left := p.Report().Left(time.Second); left != 0 {
			t.Errorf("%v left", left)
		}
	}
	if left := (ProgressReport{Part: 0.25}).Left(time.Second); left != 3*time.Second {
		t.Errorf("%v left of a quarter that took a second", left)
	}
}
