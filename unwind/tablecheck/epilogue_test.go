// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/flow"
)

// isEarlyReload reports whether a row is one of those that gcc 16 makes wrong: the CFA is said to be X29's where the
// epilogue has reloaded X29 already.
func isEarlyReload(d *Disagreement) bool {
	return d.Source == "code" && d.Judged.Fact == flow.FactCFA && d.Rule.OnFP && d.Judged.Actual.Kind == flow.CallerFP
}

// madeByGCC16 reports whether a file was compiled by a gcc that makes such rows.
func madeByGCC16(c *Check) bool { return strings.Contains(strings.Join(c.Compilers(), " "), ") 16.") }

// In the epilogue of a function whose frame record lies above its locals, gcc 16 says that the CFA is X29's although
// X29 is the caller's again. The check finds it, and the sweep what it does: the walk takes the caller's record for the
// function's own, and so leaves the caller out, and is called reliable.
//
// testdata/epilogue.o is testdata/src/epilogue.c by gcc 16.2.0 (Debian 16.2.0-3) with -O2 -fno-omit-frame-pointer
// -fno-optimize-sibling-calls -fstack-protector-strong -fno-pic -mcmodel=large -fasynchronous-unwind-tables
// -Wa,--gsframe-3.
func TestEpilogue(t *testing.T) {
	path := filepath.Join("testdata", "epilogue.o")
	im, err := image.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	check, err := Run(im, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for i := range check.Disagree {
		d := &check.Disagree[i]
		if !isEarlyReload(d) {
			t.Errorf("%s: %v, %s", check.Span(d.From, d.To), d.Rule, check.Reason(d))
		}
		wrong = append(wrong, check.Span(d.From, d.To))
	}
	if diff := cmp.Diff([]string{"framed+0x88..+0x8c"}, wrong); diff != "" {
		t.Errorf("wrong rows, -want +got:\n%s", diff)
	}
	if check.Counts.DWARFDisagree != 0 || !madeByGCC16(check) {
		t.Errorf("made by %v; DWARF disagrees at %d instructions, want 0: it is as wrong", check.Compilers(),
			check.Counts.DWARFDisagree)
	}

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := userfile.Parse("epilogue.o", data, userfile.Options{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Scenario("outer(3, 4)")
	if err != nil {
		t.Fatal(err)
	}
	walkers, err := registry.Find("sframe,cfi")
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1}
	var windows []string
	err = sweep.Sweep(t.Context(), verdict.Targets([]*scenarios.Scenario{s}), o, func(r *sweep.RunResult) error {
		for _, w := range r.Windows {
			if w.Verdict.Conforming() {
				continue
			}
			missing, _ := r.Symbols.Locate(w.Missing)
			windows = append(windows, fmt.Sprintf("%s: %v at %s+%#x, without %s", w.Walker, w.Verdict, w.Symbol,
				w.From, missing))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"sframe: omitted at framed+0x88, without caller", "cfi: omitted at framed+0x88, without caller"}
	if diff := cmp.Diff(want, windows); diff != "" {
		t.Errorf("unsound windows, -want +got:\n%s", diff)
	}
}
