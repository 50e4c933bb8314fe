// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A kernel that clang has built, with what it can build in, is swept as gcc's are: the calls that it checks for their
// type (kCFI) and its static calls reach the stubs, its shadow call stacks say what the oracles say, its own unwinder
// says what the model says, and every verdict is known.
func TestClangKernels(t *testing.T) {
	tested := 0
	for _, c := range testkit.BuiltKernels(t) {
		if !strings.Contains(c.Built.Compiler, "clang") {
			continue
		}
		tested++
		k := load(t, c)
		facts := map[string]string{}
		for _, f := range k.Facts() {
			facts[f.What] = f.Is
		}
		compared, saved, variants := 0, 0, map[string]bool{}
		for _, target := range verdict.Targets(k.Scenarios()) {
			name := path.Base(target.Scenario.Name)
			variants[name+":"+target.Variant] = true
			modes := verdict.StepModes()
			switch {
			case name == "strings" || name == "assembly" || name == "uaccess":
				continue // long: for the command
			case name == "fgraph-return" && target.Variant == "empty":
				modes = append(modes, verdict.Pairs)
			}
			sweepTarget(t, target, modes, k.Model()+",image,sframe,cfi", func(r *sweep.RunResult) {
				n, differences := sweep.Agree(r.Subject, r.Points, k.Model(), "image")
				compared += n.Points
				saved += r.Witnessed
				for _, d := range differences[:min(5, len(differences))] {
					t.Errorf("%s@%d, %v: %s", target, d.A.Step, d.A.Mode, d.What)
				}
				for _, d := range r.Deviations {
					t.Errorf("%s %v: %s", target, d.Mode, d.What)
				}
				for _, w := range r.Windows {
					if w.Regression && w.Mode != verdict.Pairs { // which are for comparisons
						t.Errorf("%s %s %v %s: %v is not known", target, w.Walker, w.Mode, w.Place(), w.Verdict)
					}
				}
			})
		}
		if compared < 10_000 {
			t.Errorf("%s: %d points were compared", c.Series, compared)
		}
		if has := facts["shadow call stack"] == "yes"; has != (saved > 500) {
			t.Errorf("%s: shadow call stack: %t, and %d addresses on it were compared", c.Series, has, saved)
		}
		if strings.HasPrefix(facts["preempted in the return handler"], "yes") {
			for _, want := range []string{"fgraph-return:resched", "fgraph-cycle:resched",
				"fgraph-cycle:traced-callback"} {
				if !variants[want] {
					t.Errorf("%s: there is no %s", c.Series, want)
				}
			}
		}
		takeInterrupts(t, find(t, k, "fgraph-cycle", "pac"), "sframe,cfi,image")
		if !slices.Contains(names(k), "kernel/"+c.Series+"/functions") {
			t.Errorf("%s: no ordinary functions", c.Series)
		}
	}
	if tested == 0 {
		t.Skip("no kernel that clang built here is in the cache: 'stacksweep kernel build -compiler clang' builds one")
	}
}
