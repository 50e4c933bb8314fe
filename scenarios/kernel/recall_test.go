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
			executed, err := run.Native(true)
			if err != nil {
				t.Fatal(err)
			}
			executed.(unwind.Recaller).Recall(false)
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

// Whole walks are all executed, and nothing else comes out.
func TestWholeWalks(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		summaries := func(whole bool) (all []sweep.Summary) {
			var walkers []unwind.Walker
			spec := registry.Spec{Name: "image", New: func(run *scenarios.Run) unwind.Walker {
				w, err := run.Native(true)
				if err != nil {
					t.Fatal(err)
				}
				walkers = append(walkers, w)
				return w
			}}
			o := sweep.Options{Walkers: []registry.Spec{spec}, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1,
				WholeWalks: whole}
			err := sweep.Sweep(t.Context(), []verdict.Target{find(t, k, "fgraph-return", "nested")}, o,
				func(r *sweep.RunResult) error {
					all = append(all, r.Summaries...)
					return nil
				})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range walkers {
				if kernel.Remembers(w) == whole {
					t.Errorf("with WholeWalks=%v, walks are remembered: %v", whole, whole)
				}
			}
			return all
		}
		if diff := cmp.Diff(summaries(true), summaries(false)); diff != "" {
			t.Errorf("(-whole +recalled)\n%s", diff)
		}
	})
}
