// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"strings"
	"testing"

	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// pairsIn sweeps all pairs of a target by overlay, and returns the windows. No verdict may be a surprise.
func pairsIn(t *testing.T, target verdict.Target, walkers string) (windows []sweep.Window) {
	t.Helper()
	found, err := registry.Find(walkers)
	if err != nil {
		t.Fatal(err)
	}
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{Walkers: found, Modes: []verdict.Mode{verdict.Pairs}, Jobs: 2, Expect: expect}
	err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		for _, w := range r.Windows {
			if w.Regression {
				t.Errorf("%s %s %s: %v is not known", target, w.Walker, w.Place(), w.Verdict)
			}
		}
		windows = append(windows, r.Windows...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return windows
}

// In kernels with tables walks go on across both exceptions. Where the first one's handler calls a traced function, and
// the second finds its entry half written, that is taken for the one of the function that was about to return.
func TestBuiltKernelPairs(t *testing.T) {
	forEachBuilt(t, []string{"", "record", "slot"}, func(t *testing.T, c kernels.Entry, k *kernel.Kernel) {
		half := 0
		target := find(t, k, "fgraph-cycle", "traced-handler")
		for _, w := range pairsIn(t, target, "sframe,sframe-recover") {
			if w.Verdict == verdict.Wrong && strings.HasPrefix(w.Symbol, "function_graph_enter") {
				half += w.Points
			}
			if w.Verdict == verdict.Omitted && c.Built.Variant != "" {
				t.Errorf("%s: %s loses a caller %d times", w.Place(), w.Walker, w.Points)
			}
		}
		if half == 0 {
			t.Error("no entry is half written")
		}
	})
}
