// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"testing"

	"stacksweep/internal/cover"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// Every instruction of the corpus is executed by some scenario, or it is said why not.
func TestEveryGapHasAReason(t *testing.T) {
	var all *cover.Coverage
	o := sweep.Options{Jobs: 2, Cover: true}
	if err := sweep.Sweep(t.Context(), verdict.Targets(corpus.All()), o, func(r *sweep.RunResult) error {
		if all == nil {
			all = cover.New(r.Image)
		}
		all.Merge(r.Visited)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	gaps, err := Gaps(all.Image(), all)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gaps {
		if g.Reason == "" {
			t.Error(g)
		}
	}
}
