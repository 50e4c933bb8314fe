// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// patched is how the name of a kernel ends that was built with internal/kbuild/testdata/late-init.patch.
const patched = "-late-init"

// A kernel that was built with a patch is swept as it was patched: its unwinder gives up until an initialiser has run,
// which can be named, and says then what the model says.
func TestBuiltPatchedKernel(t *testing.T) {
	tested := false
	for _, c := range testkit.BuiltKernels(t) {
		if !strings.HasSuffix(c.Series, patched) {
			continue
		}
		tested = true
		im, err := image.Load(c.Image)
		if err != nil {
			t.Fatal(err)
		}
		for _, initialisers := range [][]string{nil, {"sweep_late_init"}} {
			k, err := kernel.New("own", im, kernel.Init(initialisers...))
			if err != nil {
				t.Fatal(err)
			}
			target := find(t, k, "fgraph-cycle", "nested")
			sweepTarget(t, target, verdict.StepModes(), "v6.17,image", func(r *sweep.RunResult) {
				n, differences := sweep.Agree(r.Subject, r.Points, "v6.17", "image")
				if ready := initialisers != nil; (len(differences) == 0) != ready || n.Points == 0 {
					t.Errorf("initialised by %q: %d of %d points differ", initialisers, len(differences), n.Points)
				}
				for _, s := range r.Summaries {
					if s.Walker == "image" && initialisers == nil && s.Counts[verdict.Refused] != s.Points {
						t.Errorf("as it was linked, %d of %d walks are not refused in mode %v",
							s.Points-s.Counts[verdict.Refused], s.Points, s.Mode)
					}
				}
			})
		}
	}
	if !tested {
		t.Skip("no kernel that was built here with a patch is in the cache: 'stacksweep kernel build " +
			"-compiler gcc-12 " +
			"-patches internal/kbuild/testdata/late-init.patch' builds one")
	}
}
