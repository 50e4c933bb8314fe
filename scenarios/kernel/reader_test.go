// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"errors"
	"path"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
	"stacksweep/scenarios/kernel/boot"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A kernel whose own unwinder reads SFrame has, as it was linked, no table: the initialiser that finds it is run before
// anything is swept. From then on the unwinder, which was written apart from ours, says what the model says at every
// point, and crosses interrupts.
func TestBuiltReader(t *testing.T) {
	forEachBuilt(t, []string{"reader"}, func(t *testing.T, c kernels.Entry, k *kernel.Kernel) {
		im, err := image.Load(c.Image)
		if err != nil {
			t.Fatal(err)
		}
		if err := boot.Check(im, nil); !errors.Is(err, boot.ErrInit) {
			t.Errorf("as it was linked: error %v, want that its reader isn't set up", err)
		}
		done, ok := im.Symbols.Lookup("sframe_init")
		if !ok {
			t.Fatal("it has no sframe_init")
		}
		for im, want := range map[*image.Image]byte{im: 0, k.Image(): 1} {
			if b, ok := im.Bytes(done.Addr, 1); !ok || b[0] != want {
				t.Errorf("sframe_init is %v, want %d", b, want)
			}
		}
		if got := k.Model(); got != "sframe" {
			t.Errorf("it is taken for %s", got)
		}
		points, exact := 0, 0
		for _, target := range verdict.Targets(k.Scenarios()) {
			switch path.Base(target.String()) {
			case "fgraph-return:nested", "kretprobe:nested", "functions:protector", "functions:leaf-locals",
				"functions:shrink-wrapped", "functions:tail-call", "functions:dynamic", "functions:pac":
			default:
				continue // long: for the command
			}
			sweepTarget(t, target, verdict.StepModes(), "sframe,image", func(r *sweep.RunResult) {
				n, differences := sweep.Agree(r.Subject, r.Points, "sframe", "image")
				points += n.Points
				for _, d := range differences[:min(5, len(differences))] {
					t.Errorf("%s@%d, %v: %s", target, d.A.Step, d.A.Mode, d.What)
				}
				for _, s := range r.Summaries {
					if s.Walker == "image" && s.Mode == verdict.IRQ {
						exact += s.Counts[verdict.Exact]
					}
				}
				for _, w := range r.Windows {
					if w.Regression {
						t.Errorf("%s %s %v %s: %v is not known", target, w.Walker, w.Mode, w.Place(), w.Verdict)
					}
				}
			})
		}
		if exact < points/10 {
			t.Errorf("%d of %d walks are exact across an interrupt", exact, points)
		}
	})
}
