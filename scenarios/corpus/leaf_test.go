// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/cover"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// leafTargets lists the leaf family, every variant.
func leafTargets() []verdict.Target {
	var all []verdict.Target
	for _, s := range corpus.All() {
		if !strings.HasPrefix(s.Name, "leaf/") {
			continue
		}
		for _, v := range s.Variants {
			all = append(all, verdict.Target{Scenario: s, Variant: v.Name})
		}
	}
	return all
}

// routine is the symbol that a leaf target is about.
func routine(t verdict.Target) string {
	return strings.TrimPrefix(t.Scenario.Name, "leaf/") + "_" + t.Variant
}

// maxLeafSteps bounds what the family costs in every sweep: all targets together.
const maxLeafSteps = 150_000

// TestLeafCoverage holds each routine to what the family promises: every instruction is reached, and the results are
// right. All stores are verified, since DC ZVA, pairs and SIMD registers are where a recorder would miss one.
func TestLeafCoverage(t *testing.T) {
	steps := 0
	for _, target := range leafTargets() {
		t.Run(target.String(), func(t *testing.T) {
			run, recording := record(t, target)
			steps += recording.Len()
			coverage := cover.New(run.Image)
			for _, c := range recording.Chunks {
				coverage.Add(c.PC)
			}
			functions := coverage.Functions()
			i := slices.IndexFunc(functions, func(f cover.Function) bool { return f.Symbol.Name == routine(target) })
			if i < 0 {
				t.Fatalf("%s was not executed", routine(target))
			}
			f := functions[i]
			t.Logf("%d steps; %d of %d instructions", recording.Len(), f.Instructions-len(f.Missed), f.Instructions)
			if uint64(f.Instructions)*4 != f.Symbol.Size {
				t.Errorf("%d instructions in %d bytes: the routines have neither literals nor padding", f.Instructions,
					f.Symbol.Size)
			}
			for _, off := range f.Missed {
				t.Errorf("%s+%#x is never executed", f.Symbol.Name, off)
			}
		})
	}
	t.Logf("%d steps altogether", steps)
	if steps > maxLeafSteps {
		t.Errorf("%d steps altogether, more than %d", steps, maxLeafSteps)
	}
}

// record runs a target and checks its results.
func record(t *testing.T, target verdict.Target) (*scenarios.Run, *emu.Recording) {
	t.Helper()
	run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
	return run, runtest.Checked(t, run, emu.RunOptions{Limit: maxLeafSteps, Verify: true})
}

// TestLeafVerdicts sweeps the family with the walker that reads SFrame: inside a routine an annotation that is true
// makes every walk exact, one that is missing makes it refused, and a false one yields a walk that is neither.
func TestLeafVerdicts(t *testing.T) {
	walkers, err := registry.Find("sframe")
	if err != nil {
		t.Fatal(err)
	}
	options := sweep.Options{
		Walkers: walkers,
		Modes:   []verdict.Mode{verdict.IRQ},
		Jobs:    2,
		Keep:    func(*sweep.Point) bool { return true },
	}
	targets := leafTargets()
	err = sweep.Sweep(context.Background(), targets, options, func(r *sweep.RunResult) error {
		target := targets[0]
		targets = targets[1:]
		t.Run(target.String(), func(t *testing.T) {
			symbol, ok := r.Symbols.Lookup(routine(target))
			if !ok {
				t.Fatalf("no symbol %s", routine(target))
			}
			inside := 0
			for _, p := range r.Points {
				if !symbol.Contains(p.PC) {
					continue
				}
				inside++
				offset := p.PC - symbol.Addr
				if want := leafVerdict(target.Variant, offset, symbol.Size); p.Verdict != want {
					t.Errorf("step %d, %s+%#x: %v, want %v", p.Step, symbol.Name, offset, p.Verdict, want)
				}
			}
			if inside == 0 {
				t.Errorf("no point is inside %s", symbol.Name)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leafVerdict is the verdict due at an offset in a routine of the given size, in bytes. A framed routine begins with
// STP and MOV X29, SP, and ends with LDP and RET: after the MOV and up to the LDP, X29 is its own record's address. A
// false leaf annotation then takes X30 for the caller, and after it X29's record names the caller once more.
func leafVerdict(variant string, offset, size uint64) verdict.Verdict {
	framed := offset >= 8 && offset <= size-8
	switch {
	case variant == "bare":
		return verdict.Refused
	case variant == "wrong" && framed:
		return verdict.Ghost
	}
	return verdict.Exact
}
