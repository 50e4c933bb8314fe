// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"strings"
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"

	"github.com/google/go-cmp/cmp"
)

// A line that nothing meets is stale, but only when everything it speaks of was swept.
func TestStale(t *testing.T) {
	expect, err := verdict.ParseExpectations("x", strings.NewReader(`
chain/plain mainline sync v6.17 * omitted nothing of the kind happens
chain/plain mainline sync fp    * omitted not swept
`))
	if err != nil {
		t.Fatal(err)
	}
	l := verdict.NewLedger(expect)
	walkers, err := registry.Find("v6.17")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Walkers: walkers, Modes: []verdict.Mode{verdict.Sync}, Jobs: 1, Expect: expect}
	if err := Sweep(t.Context(), []verdict.Target{corpustest.Target(t, "chain/plain")}, o, func(r *RunResult) error {
		r.Note(l)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, e := range l.Stale(corpus.All(), registry.Names(append(registry.All(), registry.Tables()...))) {
		lines = append(lines, e.Line)
	}
	if diff := cmp.Diff([]int{2}, lines); diff != "" {
		t.Errorf("stale lines (-want +got):\n%s", diff)
	}
}
