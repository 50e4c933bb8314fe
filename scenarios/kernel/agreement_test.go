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

// The models of the unwinder and the kernels' own say the same at every point, warnings included; and neither is
// unsound anywhere but where that is known.
func TestAgreement(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		pairs := [][2]string{{k.Model(), "image"}}
		if k.Reliable() {
			pairs = append(pairs, [2]string{"fp", "image-walk"})
		}
		for _, target := range verdict.Targets(k.Scenarios()) {
			if slices.Contains([]string{"empty", "callback", "handler"}, target.Variant) {
				continue // nested has all of it
			}
			if isMore(target) {
				continue
			}
			walkers := strings.Join(models(), ",")
			modes := verdict.StepModes()
			if strings.HasSuffix(target.Scenario.Name, "/strings") {
				modes = []verdict.Mode{verdict.Sync} // long, and much of the same: all modes are for the command
			}
			compared := pairs[:1]
			if target.Variant == "nested" {
				compared = pairs
			}
			for _, pair := range compared {
				walkers += "," + pair[1]
			}
			sweepTarget(t, target, modes, walkers, func(r *sweep.RunResult) {
				for _, pair := range compared {
					n, differences := sweep.Agree(r.Subject, r.Points, pair[0], pair[1])
					if n.Points == 0 {
						t.Errorf("%s: %v walked nothing", target, pair)
					}
					for _, d := range differences[:min(5, len(differences))] {
						t.Errorf("%s@%d, %v: %v: %s", target, d.A.Step, d.A.Mode, pair, d.What)
					}
				}
				for _, w := range r.Windows {
					if w.Regression {
						t.Errorf("%s %s %v %s+%#x: %v is not known", target, w.Walker, w.Mode, w.Symbol,
							w.From, w.Verdict)
					}
				}
			})
		}
	})
}

// models names all unwinders but those of images.
func models() (names []string) {
	for _, w := range registry.All() {
		names = append(names, w.Name)
	}
	return names
}

// A comparison that could not fail would be worth nothing.
func TestDisagreement(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		target := find(t, k, "fgraph-return", "nested")
		sweepTarget(t, target, []verdict.Mode{verdict.Sync}, "sframe-detect,image", func(r *sweep.RunResult) {
			if _, differences := sweep.Agree(r.Subject, r.Points, "sframe-detect", "image"); len(differences) == 0 {
				t.Error("an unwinder that detects the trampoline agrees with one that doesn't")
			}
		})
	})
}
