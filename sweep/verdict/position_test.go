// SPDX-License-Identifier: GPL-2.0-only

package verdict_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/sweep/verdict"
)

// Positions are ordered by step, then by the step of the first exception, and the earlier of two is one of them.
func TestPositions(t *testing.T) {
	sorted := []verdict.Position{{}, {Step: 1}, {Step: 1, Second: 2}, {Step: 2}, {Step: 2, Second: 1}, {Step: 10}}
	for i, p := range sorted {
		for j, o := range sorted {
			if got, want := p.Compare(o), min(max(i-j, -1), 1); got != want {
				t.Errorf("%v against %v: %d, want %d", p, o, got, want)
			}
			if got, want := p.Min(o), sorted[min(i, j)]; got != want {
				t.Errorf("the earlier of %v and %v is said to be %v", p, o, got)
			}
		}
	}
	shuffled := []verdict.Position{sorted[3], sorted[5], sorted[0], sorted[4], sorted[2], sorted[1]}
	slices.SortFunc(shuffled, verdict.Position.Compare)
	if diff := cmp.Diff(sorted, shuffled); diff != "" {
		t.Errorf("sorted (-want +got):\n%s", diff)
	}
}

// The name of a point has the step of the exception only where there are two.
func TestPointName(t *testing.T) {
	k := verdict.Key{Scenario: "fgraph/return", Variant: "slot", Mode: verdict.Pairs}
	p := verdict.Position{Step: 591, Second: 42}
	if got, want := k.PointName(p), "fgraph/return:slot@591/42"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	k.Mode = verdict.IRQ
	if got, want := k.PointName(p), "fgraph/return:slot@591"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Every mode is explained, in one line.
func TestModeDocs(t *testing.T) {
	seen := map[string]bool{}
	for m := range verdict.NumModes {
		doc := verdict.Mode(m).Doc()
		if doc == "" || seen[doc] || strings.Contains(doc, "\n") || strings.HasSuffix(doc, ".") {
			t.Errorf("%v: %q", verdict.Mode(m), doc)
		}
		seen[doc] = true
	}
}
