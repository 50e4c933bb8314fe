// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A both walks with the kernel's own unwinder twice: as sweeps do, which know walks again, and really.
type both struct {
	unwind.Walker
	executed unwind.Walker
	want     unwind.Trace
	differ   func(got, want *unwind.Trace)
}

func (w *both) PreMetadata() bool { return unwind.PreMetadata(w.executed) }

func (w *both) Walk(task *unwind.Task, t *unwind.Trace) {
	w.executed.Walk(task, &w.want)
	w.Walker.Walk(task, t)
	if !cmp.Equal(*t, w.want) {
		w.differ(t, &w.want)
	}
}

func (w *both) Close() error { return unwind.Close(w.Walker, w.executed) }

// A walk of the kernel's own unwinder that is known again is the walk that would be executed, at every point.
func TestRecalledWalks(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		walks := 0
		spec := registry.Spec{Name: "image", New: func(run *scenarios.Run) unwind.Walker {
			recalled, err := run.Native(true)
			if err != nil {
				t.Fatal(err)
			}
			executed, err := kernel.Forgetful(k, run)
			if err != nil {
				t.Fatal(err)
			}
			return &both{Walker: recalled, executed: executed, differ: func(got, want *unwind.Trace) {
				t.Errorf("%s:%s: %+v, executed %+v", run.Scenario, run.Variant, *got, *want)
			}}
		}}
		targets := []verdict.Target{find(t, k, "fgraph-return", "nested"), find(t, k, "kretprobe", "nested")}
		o := sweep.Options{Walkers: []registry.Spec{spec}, Modes: verdict.StepModes(), Jobs: 1}
		err := sweep.Sweep(t.Context(), targets, o, func(r *sweep.RunResult) error {
			for _, s := range r.Summaries {
				walks += s.Points
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d walks", walks)
	})
}
