// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

var update = flag.Bool("update", false, "write testdata/counts again")

// How many walks of each walker end in which verdict, by the family of scenarios and the mode, is as testdata/counts
// has it. A change of code, tables, models or oracles that keeps to all expectations shows here: 'stacksweep mutate'
// counts such a difference as caught.
func TestCounts(t *testing.T) {
	type key struct {
		family, walker string
		mode           verdict.Mode
	}
	counts := map[key]*[verdict.NumVerdicts]int{}
	o := Options{Walkers: registry.All(), Modes: []verdict.Mode{verdict.Sync, verdict.Blocked, verdict.IRQ},
		Jobs: runtime.GOMAXPROCS(0)}
	err := Sweep(t.Context(), verdict.Targets(corpus.All()), o, func(r *RunResult) error {
		family, _, _ := strings.Cut(r.Scenario, "/")
		for _, s := range r.Summaries {
			k := key{family, s.Walker, s.Mode}
			if counts[k] == nil {
				counts[k] = new([verdict.NumVerdicts]int)
			}
			for v, n := range s.Counts {
				counts[k][v] += n
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for k, c := range counts {
		if *c == ([verdict.NumVerdicts]int{}) {
			continue // the family has no such moment
		}
		line := fmt.Sprintf("%s %s %s", k.family, k.walker, k.mode)
		for _, v := range verdict.Verdicts() {
			if c[v] > 0 {
				line += fmt.Sprintf(" %s:%d", v, c[v])
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", "counts")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("go test ./sweep -run TestCounts -update accepts this:\n%s", diff)
	}
}
