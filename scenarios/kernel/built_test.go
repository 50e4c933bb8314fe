// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// built returns the kernels that were built here, of the variants that are asked for ("": the kernel as it is). Unless
// all are to be tested (make test-kernel-sframe) it is those of the compiler that has built most of them, which is
// quick.
func built(t *testing.T, variants ...string) (chosen []kernels.Entry) {
	t.Helper()
	cached, err := kernels.BuiltHere()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	compiler := ""
	for _, k := range cached {
		if count[k.Built.Compiler]++; count[k.Built.Compiler] > count[compiler] {
			compiler = k.Built.Compiler
		}
	}
	for _, k := range cached {
		if !slices.Contains(variants, k.Built.Variant) || strings.HasSuffix(k.Series, patched) {
			continue
		}
		if k.Built.Compiler == compiler || os.Getenv("STACKSWEEP_ALL_BUILDS") != "" {
			chosen = append(chosen, k)
		}
	}
	if len(chosen) == 0 {
		t.Skipf("no kernel of %q that was built here is in the cache: 'stacksweep kernel build -all' builds some",
			variants)
	}
	return chosen
}

// forEachBuilt runs a test on every kernel of some variants that was built here.
func forEachBuilt(t *testing.T, variants []string, test func(t *testing.T, c kernels.Entry, k *kernel.Kernel)) {
	t.Helper()
	for _, c := range built(t, variants...) {
		t.Run(c.Series, func(t *testing.T) { test(t, c, load(t, c)) })
	}
}

var allVariants = []string{"", "annotate-all", "annotate-leaf", "detect", "record", "slot", "two-calls", "loop",
	"record-loop"}

// From gcc 13 on the rows of the unwinder's own epilogue are wrong, and only then are its unsound walks known ones.
func TestBuiltKernelEpilogues(t *testing.T) {
	late := regexp.MustCompile(`gcc.* 1[3-6]\.`)
	for _, c := range testkit.BuiltKernels(t) {
		t.Run(c.Series, func(t *testing.T) {
			has := slices.Contains(load(t, c).Traits(), "late-cfa")
			if want := late.MatchString(c.Built.Compiler); has != want {
				t.Errorf("late-cfa %t, of a kernel by %s", has, c.Built.Compiler)
			}
		})
	}
}

// Every scenario of a kernel that was built here gives the right results.
func TestBuiltKernelResults(t *testing.T) {
	forEachBuilt(t, allVariants, func(t *testing.T, _ kernels.Entry, k *kernel.Kernel) {
		targets := verdict.Targets(k.Scenarios())
		if !slices.ContainsFunc(targets, func(t verdict.Target) bool {
			return path.Base(t.Scenario.Name) == "assembly"
		}) {
			t.Error("there is no scenario of annotated assembly: the kernel has no tables")
		}
		for _, target := range targets {
			record(t, target)
		}
	})
}

// The kernel's own unwinder, as this build has it, says what the model of it says, and no verdict is a surprise.
func TestBuiltKernelAgreement(t *testing.T) {
	forEachBuilt(t, allVariants, func(t *testing.T, c kernels.Entry, k *kernel.Kernel) {
		model, modes := k.Model(), verdict.StepModes()
		if c.Built.Variant == "detect" {
			// The model looks into SFrame across an exception, where this kernel's unwinder refuses.
			model, modes = "sframe-detect", []verdict.Mode{verdict.Sync, verdict.Blocked}
		}
		for _, target := range verdict.Targets(k.Scenarios()) {
			name := path.Base(target.Scenario.Name)
			if !strings.HasPrefix(name, "fgraph-") && name != "kretprobe" && name != "self-walk" {
				continue // long: for the command
			}
			if slices.Contains([]string{"empty", "callback", "handler", "pac"}, target.Variant) {
				continue // nested has all of it
			}
			if c.Built.Variant == "detect" && name == "kretprobe" {
				continue // it is an exception, and what is said there are synchronous walks across it
			}
			compared := 0
			sweepTarget(t, target, modes, strings.Join(append(models(), "image"), ","), func(r *sweep.RunResult) {
				n, differences := sweep.Agree(r.Subject, r.Points, model, "image")
				compared += n.Points
				for _, d := range differences[:min(5, len(differences))] {
					t.Errorf("%s@%d, %v: %s", target, d.A.Step, d.A.Mode, d.What)
				}
				for _, w := range r.Windows {
					if w.Regression {
						t.Errorf("%s %s %v %s: %v is not known", target, w.Walker, w.Mode, w.Place(), w.Verdict)
					}
				}
			})
			if compared == 0 {
				t.Errorf("%s: nothing was compared", target)
			}
		}
	})
}

// unsound counts the walks of a walker in some modes that call themselves reliable and aren't, outside of the calls of
// ftrace_caller at the entry of traced functions; and all others that are exact.
func unsound(t *testing.T, k *kernel.Kernel, pattern, walker string, modes ...verdict.Mode) (unsound, exact int) {
	t.Helper()
	for _, target := range verdict.Targets(k.Scenarios()) {
		if ok, _ := path.Match(pattern, path.Base(target.Scenario.Name)); !ok {
			continue
		}
		sweepTarget(t, target, modes, walker, func(r *sweep.RunResult) {
			for _, s := range r.Summaries {
				exact += s.Counts[verdict.Exact]
			}
			for _, w := range r.Windows {
				if !w.Verdict.Conforming() && !w.TracerCall {
					unsound += w.Points
				}
			}
		})
	}
	return unsound, exact
}

// A record, and the designs that restore before they pop, are sound in every mode, with today's unwinder, the kernel's
// own and SFrame's; the plain kernel is not, and neither is one whose unwinder detects, but by that unwinder.
func TestBuiltKernelFixes(t *testing.T) {
	today := []verdict.Mode{verdict.Sync, verdict.Blocked}
	for _, tt := range []struct {
		variants []string
		walker   string
		modes    []verdict.Mode
		sound    bool
	}{
		{[]string{""}, "image", today, false},
		{[]string{""}, "sframe", verdict.StepModes(), false},
		{[]string{"record", "record-loop", "slot", "two-calls"}, "image", verdict.StepModes(), true},
		{[]string{"record", "record-loop", "slot", "two-calls"}, "v6.17", verdict.StepModes(), true},
		{[]string{"record", "record-loop", "slot", "two-calls"}, "sframe", verdict.StepModes(), true},
		{[]string{"record", "record-loop", "slot", "two-calls"}, "cfi", verdict.StepModes(), true},
		{[]string{"loop"}, "image", today, false},
		{[]string{"detect"}, "image", verdict.StepModes(), true},
		{[]string{"detect"}, "v6.17", today, false},
	} {
		forEachBuilt(t, tt.variants, func(t *testing.T, _ kernels.Entry, k *kernel.Kernel) {
			unsound, exact := unsound(t, k, "fgraph-*", tt.walker, tt.modes...)
			if (unsound == 0) != tt.sound || exact == 0 {
				t.Errorf("%s: %d walks are unsound and %d exact, want it sound: %t", tt.walker, unsound,
					exact, tt.sound)
			}
		})
	}
}

// They also know the caller at every instruction: across an exception an SFrame walk that begins in the trampoline, or
// in the C functions that it calls, is exact. Popping first would be sound too, and refused in between.
func TestBuiltKernelRestoresFirst(t *testing.T) {
	forEachBuilt(t, []string{"slot", "two-calls"}, func(t *testing.T, _ kernels.Entry, k *kernel.Kernel) {
		parts := []string{"return_to_handler", "ftrace_peek_return", "ftrace_pop_return"}
		target := find(t, k, "fgraph-return", "nested")
		sweepTarget(t, target, []verdict.Mode{verdict.IRQ, verdict.NMI}, "sframe,cfi", func(r *sweep.RunResult) {
			walked := 0
			for _, p := range r.Points {
				if s, _ := r.Symbols.At(p.PC); slices.Contains(parts, s.Name) {
					walked++
				}
			}
			if walked < 500 {
				t.Errorf("%d walks begin in %v", walked, parts)
			}
			for _, w := range r.Windows {
				// At the first instruction the PC is the hook itself, for which the unwinder takes the caller: a stub,
				// which has no tables.
				atHook := w.Symbol == "return_to_handler" && w.To == 0
				if slices.Contains(parts, w.Symbol) && !atHook {
					t.Errorf("%s %v %s: %v", w.Walker, w.Mode, w.Place(), w.Verdict)
				}
			}
		})
	})
}

// Tracing is what it was: with every fix the tracers' callbacks are given what they are given in the kernel as it is.
func TestBuiltKernelTracing(t *testing.T) {
	arrivals := func(t *testing.T, k *kernel.Kernel) map[string][][]string {
		all := map[string][][]string{}
		for _, target := range verdict.Targets(k.Scenarios()) {
			if !strings.Contains(target.Scenario.Name, "/fgraph-") {
				continue
			}
			run, err := target.Scenario.Build(target.Variant, scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if all[path.Base(target.String())], err = k.Arrivals(run); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	for _, plain := range built(t, "") {
		want := arrivals(t, load(t, plain))
		if n := len(want["fgraph-return:nested"]); n != 2 {
			t.Errorf("%s: %d callbacks in fgraph-return:nested, want 2", plain.Series, n)
		}
		forEachBuilt(t, []string{"detect", "record", "slot", "two-calls", "loop", "record-loop", "reader"},
			func(t *testing.T, c kernels.Entry, k *kernel.Kernel) {
				if c.Built.Compiler != plain.Built.Compiler {
					t.Skip("of another compiler")
				}
				if diff := cmp.Diff(want, arrivals(t, k)); diff != "" {
					t.Errorf("callbacks are given something else than in %s (-) by %s (+):\n%s", plain.Series,
						c.Series, diff)
				}
			})
	}
}

// Taken through the kernel's own vectors, entry code and interrupt stack, an interrupt leaves no trace, and SFrame
// walks from its handler find what they find with an overlay.
func TestBuiltKernelTakenInterrupts(t *testing.T) {
	forEachBuilt(t, allVariants, func(t *testing.T, _ kernels.Entry, k *kernel.Kernel) {
		takeInterrupts(t, find(t, k, "fgraph-cycle", "pac"), "sframe,sframe-detect,cfi,image")
	})
}

// Annotating the leaves alone is right wherever it was executed, and covers them at each of their instructions;
// annotating everything is not.
func TestBuiltKernelAnnotations(t *testing.T) {
	across := []verdict.Mode{verdict.IRQ}
	forEachBuilt(t, []string{"annotate-leaf", "annotate-all"}, func(t *testing.T, c kernels.Entry, k *kernel.Kernel) {
		wrong, _ := unsound(t, k, "assembly", "sframe", across...)
		if right := c.Built.Variant == "annotate-leaf"; (wrong == 0) != right {
			t.Errorf("%d walks in assembly that is no leaf are unsound", wrong)
		}
		target := find(t, k, "strings", "plain")
		sweepTarget(t, target, across, "sframe", func(r *sweep.RunResult) {
			exact, other := 0, 0
			for _, s := range r.Summaries {
				exact += s.Counts[verdict.Exact]
			}
			for _, w := range r.Windows {
				if strings.HasPrefix(w.Symbol, "__pi_") || strings.HasPrefix(w.Symbol, "__arch_") ||
					strings.HasSuffix(w.Symbol, "_page") {
					t.Errorf("%s: %v in an annotated leaf", w.Place(), w.Verdict)
				}
				other += w.Points
			}
			if exact < 3*other {
				t.Errorf("%d walks are exact, %d are not", exact, other)
			}
		})
	})
}
