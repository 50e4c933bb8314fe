// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"slices"
	"testing"

	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// Two tasks have a truth each: one that has never run consists of ret_from_fork; each is found whole while the other
// one runs, and while it runs itself.
func TestTasks(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for variant, want := range map[string][]string{
			"old": {"stub_switch_task+0x18", "stub_switch_task+0x18", "stub_switch_task+0x18", "stub_switch_task+0x18"},
			"new": {"ret_from_fork+0x0", "stub_switch_task+0x18", "stub_switch_task+0x18", "stub_switch_task+0x18"},
		} {
			target := find(t, k, "tasks", variant)
			specs, err := registry.Find("image,model")
			if err != nil {
				t.Fatal(err)
			}
			var places []string
			o := sweep.Options{Walkers: specs, Modes: []verdict.Mode{verdict.Blocked, verdict.Sync}, Jobs: 1,
				Keep: func(*sweep.Point) bool { return true }}
			err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
				for _, p := range r.Points {
					if p.Verdict != verdict.Exact {
						t.Errorf("%s@%d, %v, %s: %v", target, p.Step, p.Mode, p.Walker, p.Verdict)
					}
					if p.Mode == verdict.Blocked && p.Walker == "image" {
						places = append(places, r.Symbols.Name(p.Trace.Frames[0].PC))
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(places, want) {
				t.Errorf("%s: walks of a task that waits begin at %v, want %v", target, places, want)
			}
		}
	})
}
