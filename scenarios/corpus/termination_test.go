// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/internal/cover"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// familyTargets lists all variants of the scenarios whose names begin with a prefix, such as "termination/".
func familyTargets(t *testing.T, prefix string) []verdict.Target {
	t.Helper()
	var all []verdict.Target
	for _, target := range verdict.Targets(corpus.All()) {
		if strings.HasPrefix(target.Scenario.Name, prefix) {
			all = append(all, target)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no scenario %s…", prefix)
	}
	return all
}

// sweepAll sweeps targets in all modes, keeps every point, and hands each result to done, in a test of its own.
func sweepAll(t *testing.T, targets []verdict.Target, walkers []registry.Spec,
	done func(*testing.T, *sweep.RunResult)) {
	t.Helper()
	options := sweep.Options{Walkers: walkers, Modes: verdict.StepModes(), Jobs: 2, Keep: func(*sweep.Point) bool {
		return true
	}}
	err := sweep.Sweep(t.Context(), targets, options, func(r *sweep.RunResult) error {
		t.Run(r.Scenario+":"+r.Variant, func(t *testing.T) { done(t, r) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// kernelWalkers are the unwinders that these tests know what to expect of: the naive one, mainline, and SFrame as the
// series intends it.
func kernelWalkers(t *testing.T) []registry.Spec {
	t.Helper()
	walkers, err := registry.Find("fp,v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	return walkers
}

// failsProtector reports whether an instruction calls what the stack protector calls when a stack was smashed, which
// none is.
func failsProtector(addr uint64) bool {
	fail, _ := corpus.Image().Symbols.Lookup("__stack_chk_fail")
	word, ok := corpus.Image().Bytes(addr, 4)
	return ok && arm64.Target(binary.LittleEndian.Uint32(word), addr) == fail.Addr
}

// checkCoverage runs targets, and fails for every instruction that none of them executed in the functions whose names
// begin with one of the prefixes.
func checkCoverage(t *testing.T, targets []verdict.Target, prefixes ...string) {
	t.Helper()
	var coverage *cover.Coverage
	var symbols *image.Symbols
	for _, target := range targets {
		run, recording := record(t, target)
		if coverage == nil {
			coverage, symbols = cover.New(run.Image), run.Image.Symbols
		}
		for _, c := range recording.Chunks {
			coverage.Add(c.PC)
		}
	}
	executed := map[string]cover.Function{}
	for _, f := range coverage.Functions() {
		executed[f.Symbol.Name] = f
	}
	for _, prefix := range prefixes {
		n := 0
		for s := range symbols.All() {
			if s.Kind != image.Func || !strings.HasPrefix(s.Name, prefix) {
				continue
			}
			n++
			f, ok := executed[s.Name]
			if !ok {
				t.Errorf("%s is never executed", s.Name)
			}
			for _, off := range f.Missed {
				if failsProtector(s.Addr + off) {
					continue
				}
				t.Errorf("%s+%#x is never executed", s.Name, off)
			}
		}
		if n == 0 {
			t.Errorf("no function's name begins with %s", prefix)
		}
	}
}

func TestTerminationCoverage(t *testing.T) {
	checkCoverage(t, familyTargets(t, "termination/"), "termination_", "run_termination", "spoil_", "mend")
}

// spoiledSteps returns the steps [first, last] during which the chain is certainly spoiled: those of termination_probe
// and of what it calls.
func spoiledSteps(t *testing.T, r *sweep.RunResult) (first, last int) {
	t.Helper()
	probe, ok := r.Symbols.Lookup("termination_probe")
	if !ok {
		t.Fatal("no symbol termination_probe")
	}
	first = -1
	for _, p := range r.Points {
		if probe.Contains(p.PC) {
			if first < 0 {
				first = p.Step
			}
			last = p.Step
		}
	}
	if first < 0 {
		t.Fatal("termination_probe was not executed")
	}
	return first, last
}

// A walk over a chain that shows that it is corrupt is never reliable, for a reason that has to do with the corruption;
// before and after, the same walk is exact.
func TestCorruptChainIsRefused(t *testing.T) {
	reasons := map[string]unwind.Reason{
		"loop":            unwind.OffStack,
		"cycle":           unwind.OffStack,
		"backwards":       unwind.OffStack,
		"overlap":         unwind.OffStack,
		"misaligned":      unwind.Misaligned,
		"halfway":         unwind.OffStack,
		"off_stack":       unwind.OffStack,
		"null":            unwind.OffStack,
		"edge":            unwind.OffStack,
		"other_stack":     unwind.OffStack,
		"no_type":         unwind.BadMetaType,
		"unknown_type":    unwind.BadMetaType,
		"final_elsewhere": unwind.FinalElsewhere,
		"regs_elsewhere":  unwind.ExceptionBoundary,
		"meta_edge":       unwind.OffStack,
		"last_link":       unwind.OffStack,
		"final_type":      unwind.BadMetaType,
		"final_record":    unwind.OffStack,
	}
	sweepAll(t, familyTargets(t, "termination/corrupt"), kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		first, last := spoiledSteps(t, r)
		want, ok := reasons[r.Variant]
		if !ok {
			t.Fatalf("no reason is expected of %s", r.Variant)
		}
		outside := 0
		for _, p := range r.Points {
			inside := p.Step >= first && p.Step <= last
			switch {
			case inside && p.Verdict != verdict.Refused:
				t.Errorf("%s %v, step %d: %v, want refused", p.Walker, p.Mode, p.Step, p.Verdict)
			case inside && p.Walker == "v6.17" && p.Mode == verdict.Sync && p.Trace.Failure.Reason != want:
				t.Errorf("step %d: refused because of %v, want %v", p.Step, p.Trace.Failure, want)
			case p.Mode == verdict.Sync && p.Verdict == verdict.Exact:
				outside++
			case !p.Verdict.Conforming() && p.Walker != "fp":
				t.Errorf("%s %v, step %d: %v", p.Walker, p.Mode, p.Step, p.Verdict)
			}
		}
		if outside == 0 {
			t.Error("no walk was exact")
		}
	})
}

// What fails at the very end of the chain has reported all callers and is refused nevertheless.
func TestLateFailureIsRefused(t *testing.T) {
	for _, target := range familyTargets(t, "termination/corrupt") {
		if !slices.Contains([]string{"last_link", "final_type", "final_record"}, target.Variant) {
			continue
		}
		sweepAll(t, []verdict.Target{target}, kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
			first, last := spoiledSteps(t, r)
			n := 0
			for _, p := range r.Points {
				if p.Mode != verdict.Sync && p.Mode != verdict.Blocked || p.Step < first || p.Step > last {
					continue
				}
				n++
				if len(p.Trace.Frames) < len(p.Truth) {
					t.Errorf("%s %v, step %d: %d frames, want all %d", p.Walker, p.Mode, p.Step, len(p.Trace.Frames),
						len(p.Truth))
				}
			}
			if n == 0 {
				t.Error("no walk")
			}
		})
	}
}

// A chain that looks sane is believed by every walker: while it is forged, no synchronous walk is right, and none
// knows.
func TestForgedChainIsBelieved(t *testing.T) {
	sweepAll(t, familyTargets(t, "termination/forged"), kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		first, last := spoiledSteps(t, r)
		want := verdict.Omitted
		if strings.HasPrefix(r.Variant, "lr") {
			want = verdict.Wrong
		}
		n := 0
		for _, p := range r.Points {
			if p.Mode != verdict.Sync && p.Mode != verdict.Blocked {
				continue
			}
			if p.Step >= first && p.Step <= last {
				n++
				if p.Verdict != want {
					t.Errorf("%s %v, step %d: %v, want %v", p.Walker, p.Mode, p.Step, p.Verdict, want)
				}
			}
		}
		if n == 0 {
			t.Error("no walk")
		}
	})
}

// A walk may end at FINAL only: where unwind information says that there is no caller, it is refused; from the frame
// record, which an unwinder takes for all but the interrupted function, it goes on.
func TestOutermostIsNoEnd(t *testing.T) {
	sweepAll(t, familyTargets(t, "termination/outermost"), kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		inside, callee := 0, 0
		for _, p := range r.Points {
			if p.Walker != "sframe" || p.Mode != verdict.IRQ {
				continue
			}
			switch name, _ := r.Symbols.Locate(p.PC); name {
			case "termination_outermost":
				inside++
				if p.Verdict != verdict.Refused || p.Trace.Failure.Reason != unwind.Outermost {
					t.Errorf("step %d: %v, %v; want refused, outermost", p.Step, p.Verdict, p.Trace.Failure)
				}
			case "observe":
				callee++
				if p.Verdict != verdict.Exact {
					t.Errorf("step %d: %v, want exact", p.Step, p.Verdict)
				}
			}
		}
		if inside == 0 || callee == 0 {
			t.Errorf("%d points inside, %d in its callee", inside, callee)
		}
	})
}
