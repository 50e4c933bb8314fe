// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"testing"

	"stacksweep/internal/cover"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// reaches checks that a run passes through functions, and through others not.
func reaches(t *testing.T, target verdict.Target, functions map[string]bool) {
	t.Helper()
	run, recording := record(t, target)
	executed := cover.New(run.Image)
	for _, c := range recording.Chunks {
		executed.Add(c.PC)
	}
	for name, want := range functions {
		s, ok := run.Image.Symbols.Lookup(name)
		if !ok || executed.Executed(s.Addr) != want {
			t.Errorf("%s: %s is there: %t; it should be executed: %t", target, name, ok, want)
		}
	}
}

// verdictsIn sweeps a target with the kernel's own unwinder and counts the verdicts of walks that begin in a function.
func verdictsIn(t *testing.T, target verdict.Target, mode verdict.Mode, function string) map[verdict.Verdict]int {
	t.Helper()
	counts := map[verdict.Verdict]int{}
	sweepTarget(t, target, []verdict.Mode{mode}, "image", func(r *sweep.RunResult) {
		for _, p := range r.Points {
			if s, _ := r.Symbols.At(p.PC); s.Name == function {
				counts[p.Verdict]++
			}
		}
		for _, w := range r.Windows {
			if w.Regression {
				t.Errorf("%s, %v: %s+%#x: %v is not known", target, mode, w.Symbol, w.From, w.Verdict)
			}
		}
	})
	return counts
}

// A function with a direct call is entered through ftrace_caller's branch at once, or, where the graph tracer is
// attached as well, through both callbacks and the branch after them. From the program and the trampolines, which are
// in no table, the kernel's own unwinder finds every caller: the trampoline's two records hold the way back.
func TestDirectCalls(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		find(t, k, "bpf", "entry")
		for variant, through := range map[string]map[string]bool{
			"entry":       {"ftrace_caller": true, "call_direct_funcs": false, "return_to_handler": false},
			"exit":        {"stub_direct_exit": true, "call_direct_funcs": false, "return_to_handler": false},
			"exit-traced": {"stub_direct_exit": true, "call_direct_funcs": true, "ftrace_graph_func": true},
		} {
			target := find(t, k, "bpf", variant)
			reaches(t, target, through)
			for _, function := range []string{"stub_program", "stub_" + map[bool]string{
				true: "direct_entry", false: "direct_exit"}[variant == "entry"]} {
				got := verdictsIn(t, target, verdict.Sync, function)
				if len(got) != 1 || got[verdict.Exact] == 0 {
					t.Errorf("%s, synchronous walks from %s: %v", target, function, got)
				}
			}
		}
		if got := verdictsIn(t, find(t, k, "bpf", "asleep"), verdict.Blocked, "stub_scheduler"); len(got) != 1 ||
			got[verdict.Exact] != 1 {
			t.Errorf("a program that sleeps: %v", got)
		}
	})
}

// A module out of reach calls, and is traced, through its PLT.
func TestPLT(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		target := find(t, k, "plt", "traced")
		reaches(t, target, map[string]bool{"stub_plt_tracer": true, "stub_plt_callee": true, "return_to_handler": true})
		if got := verdictsIn(t, target, verdict.Sync, "ftrace_graph_func"); len(got) != 1 || got[verdict.Exact] == 0 {
			t.Errorf("walks while the function is entered: %v", got)
		}
	})
}
