// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// An interrupt that goes through the kernel's own vectors, entry code and interrupt stack leaves no trace, wherever it
// lands, and walks from its handler find what they find with an overlay; pointer authentication being on, or its
// handler calling a traced function. While the kernel switches tasks none lands, since there would be no stack for it.
func TestTakenInterrupts(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		plain := k.Model() // an unwinder that goes on across the exception
		if k.Reliable() {
			plain = "fp"
		}
		for _, target := range verdict.Targets(k.Scenarios()) {
			tasks := strings.HasSuffix(target.Scenario.Name, "/tasks")
			if tasks || target.Variant == "pac" || target.Variant == "traced-handler" {
				takeInterrupts(t, target, plain+",image")
			}
		}
	})
}

// Nor does an exception leave a trace that interrupts the kernel's own entry code, handler or way out, at any
// instruction; and there, too, the model of the unwinder says what the kernel's own does.
func TestPairs(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		model := k.Model()
		target := find(t, k, "kretprobe", "empty")
		walk := func(walkers string, deliver verdict.Delivery, see func(*sweep.RunResult)) {
			specs, err := registry.Find(walkers)
			if err != nil {
				t.Fatal(err)
			}
			keep := func(*sweep.Point) bool { return true }
			o := sweep.Options{Walkers: specs, Modes: []verdict.Mode{verdict.Pairs}, Jobs: 2, Deliver: deliver,
				Keep: keep}
			err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
				see(r)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		walk(model, verdict.Taken, func(r *sweep.RunResult) {
			for _, d := range r.Deviations[:min(3, len(r.Deviations))] {
				t.Errorf("%s %s: %s", r.PointName(&d), d.Walker, d.What)
			}
			if len(r.Points) == 0 || r.Untaken*10 > len(r.Points) {
				t.Errorf("%d pairs, of which %d were not taken", len(r.Points), r.Untaken)
			}
		})
		walk(model+",image", verdict.Overlay, func(r *sweep.RunResult) {
			n, differences := sweep.Agree(r.Subject, r.Points, model, "image")
			// While the vector's slot tests for an overflow, SP is on no stack, and there is no memory to lay registers
			// over.
			differences = slices.DeleteFunc(differences, func(d sweep.Disagreement) bool {
				name, _ := r.Symbols.Locate(d.A.PC)
				return name == "vectors"
			})
			if n.Points == 0 || len(differences) > 0 {
				t.Errorf("%s and image differ at %d of %d pairs", model, len(differences), n.Points)
			}
			for _, d := range differences[:min(3, len(differences))] {
				t.Errorf("%s: %s", d.A.Key.PointName(d.A.Position), d.What)
			}
		})
	})
}

// takeInterrupts takes every interrupt of a scenario for real, of which nothing must be seen.
func takeInterrupts(t *testing.T, target verdict.Target, walkers string) {
	t.Helper()
	specs, err := registry.Find(walkers)
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{Walkers: specs, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 2, Deliver: verdict.Taken}
	err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		for _, d := range r.Deviations[:min(3, len(r.Deviations))] {
			t.Errorf("%s@%d: %s %s", target, d.Step, d.Walker, d.What)
		}
		if r.Untaken > 0 || r.Summaries[0].Points == 0 {
			t.Errorf("%s: %d of %d interrupts were not taken", target, r.Untaken, r.Summaries[0].Points)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
