// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// In a routine whose LR is stale, right unwind information makes every walk across an interrupt exact, none makes it
// refused, and a leaf annotation makes it unsound exactly while LR is stale.
func TestStaleVerdicts(t *testing.T) {
	const (
		exact   = verdict.Exact
		refused = verdict.Refused
		ghost   = verdict.Ghost
		wrong   = verdict.Wrong
	)
	// What the walker that reads SFrame gets at each instruction of the routine.
	want := map[string][]verdict.Verdict{
		"after_call:right": {exact, exact, exact, exact, exact, exact},
		"after_call:wrong": {exact, exact, wrong, wrong, wrong, exact},
		"scratch:right":    {exact, exact, exact, exact, exact, exact, exact, exact, exact, exact},
		"scratch:wrong":    {exact, exact, ghost, ghost, ghost, ghost, ghost, ghost, ghost, exact},
		"adr_call:right":   {exact, exact, exact, exact, exact, exact},
		"adr_call:wrong":   {exact, exact, ghost, ghost, ghost, exact},
		"adr_loop:right":   {refused, refused, refused, refused, refused, refused, refused, refused},
		"adr_loop:wrong":   {exact, exact, exact, wrong, wrong, wrong, wrong, wrong},
		"register:right":   {refused, refused, refused, refused},
		"register:wrong":   {exact, exact, wrong, exact},
		"veneer:annotated": {exact, exact, exact, exact, exact},
		"after_call:bare":  {refused, refused, refused, refused, refused, refused},
		"scratch:bare":     {refused, refused, refused, refused, refused, refused, refused, refused, refused, refused},
		"adr_call:bare":    {refused, refused, refused, refused, refused, refused},
		"adr_loop:bare":    {refused, refused, refused, refused, refused, refused, refused, refused},
		"register:bare":    {refused, refused, refused, refused},
		"veneer:bare":      {refused, refused, refused, refused, refused},
	}
	sweepAll(t, familyTargets(t, "stale/"), kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		name := strings.TrimPrefix(r.Scenario, "stale/")
		symbol, ok := r.Symbols.Lookup(name + "_" + r.Variant)
		if !ok {
			t.Fatalf("no symbol %s_%s", name, r.Variant)
		}
		var got []verdict.Verdict
		for _, p := range r.Points {
			if p.Walker != "sframe" || p.Mode != verdict.IRQ || !symbol.Contains(p.PC) {
				continue
			}
			i := int(p.PC-symbol.Addr) / 4
			switch {
			case i == len(got):
				got = append(got, p.Verdict)
			case i > len(got):
				t.Fatalf("%s+%#x was executed before what lies before it", symbol.Name, p.PC-symbol.Addr)
			case got[i] != p.Verdict:
				t.Errorf("%s+%#x: %v, then %v", symbol.Name, p.PC-symbol.Addr, got[i], p.Verdict)
			}
		}
		if diff := cmp.Diff(want[name+":"+r.Variant], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", symbol.Name, diff)
		}
	})
}

// SFrame has no way to say that a return address is in X9: the assembler leaves the routine out.
func TestReturnAddressInRegisterHasNoTable(t *testing.T) {
	targets := []verdict.Target{}
	for _, target := range familyTargets(t, "stale/") {
		if s := target.String(); s == "stale/adr_loop:right" || s == "stale/register:right" {
			targets = append(targets, target)
		}
	}
	sweepAll(t, targets, kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		n := 0
		for _, p := range r.Points {
			name, _ := r.Symbols.Locate(p.PC)
			if p.Walker != "sframe" || p.Mode != verdict.IRQ || !strings.HasSuffix(name, "_right") {
				continue
			}
			n++
			if p.Trace.Failure.Reason != unwind.NoTable {
				t.Errorf("step %d: %v, want no unwind information", p.Step, p.Trace.Failure)
			}
		}
		if n == 0 {
			t.Error("no point is inside")
		}
	})
}

func TestStaleCoverage(t *testing.T) {
	checkCoverage(t, familyTargets(t, "stale/"), "stale_", "run_stale", "after_call_", "scratch_", "adr_",
		"register_", "veneer_")
}
