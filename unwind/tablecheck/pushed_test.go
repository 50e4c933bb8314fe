// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// TestPushed checks functions that are entered with the return address on the stack, like glibc's _dl_runtime_resolve,
// whose CFA is 16 bytes too low. That this is wrong, and that nothing else is, a DWARF unwinder shows: with a caller
// whose own CFA is on SP it goes astray, at exactly the instructions that are reported.
func TestPushed(t *testing.T) {
	testkit.Tool(t, "aarch64-linux-gnu-as")
	path := made(t, "aarch64-linux-gnu-as", "testdata/src/pushed.S")
	im, err := image.Load(path, image.Static())
	if err != nil {
		t.Fatal(err)
	}
	check, err := Run(im, Options{DWARF: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range check.Disagree {
		got = append(got, check.Span(d.From, d.To)+": SP is "+d.Judged.Actual.String())
	}
	reported := []string{"wrong+0x0..+0x4: SP is CFA-16", "wrong+0x4..+0xc: SP is CFA-48",
		"wrong+0xc..+0x10: SP is CFA-16", "wrong+0x10..+0x14: SP is CFA"}
	if diff := cmp.Diff(reported, got); diff != "" {
		t.Errorf("wrong rows, -want +got:\n%s", diff)
	}
	if check.Counts.Undecided > 0 {
		t.Errorf("%d undecided", check.Counts.Undecided)
	}

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := userfile.Parse("pushed.o", data, userfile.Options{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	walkers, err := registry.Find("dwarf")
	if err != nil {
		t.Fatal(err)
	}
	var list []*scenarios.Scenario
	for _, call := range []string{"calls_right()", "calls_wrong()"} {
		s, err := f.Scenario(call)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	points := map[string]int{}
	o := sweep.Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1}
	err = sweep.Sweep(t.Context(), verdict.Targets(list), o, func(r *sweep.RunResult) error {
		for _, w := range r.Windows {
			if w.Symbol != "start" { // whose first and last instruction have no row
				points[w.Symbol+": "+w.Verdict.String()] += w.Points
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"wrong: refused": 5}, points); diff != "" {
		t.Errorf("walks that are not exact, -want +got:\n%s", diff)
	}
}
