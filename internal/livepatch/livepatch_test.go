// SPDX-License-Identifier: GPL-2.0-only

package livepatch

import (
	"context"
	"os"
	"strings"
	"testing"

	"stacksweep/internal/boot"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
)

// TestReport reads what the guest prints.
func TestReport(t *testing.T) {
	for _, tt := range []struct {
		name, console   string
		finished, mixed bool
	}{
		{"waits", "lp: after 0 s: transition 1, patch_state 0, old lp_outer runs: 1, calls of the new lp_helper by " +
			"it: 0\nlp: told to stop: transition 0, old lp_outer runs: 0, calls of the new lp_helper by it: 0\n",
			false, false},
		{"finishes", "lp: after 1 s: transition 0, patch_state -1, old lp_outer runs: 1, calls of the new " +
			"lp_helper by it: 0\n", true, false},
		{"mixes", "[    1.0] lp: task ffff\nlp: 2 s later: transition 0, old lp_outer runs: 1, calls of the new " +
			"lp_helper by it: 3\n", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{}
			r.read(tt.console)
			if r.Finished != tt.finished || r.Mixed != tt.mixed {
				t.Errorf("finished %v, mixed %v", r.Finished, r.Mixed)
			}
		})
	}
}

// builtForThis returns the kernels of the cache that were built here with live patching, modules and what booting
// takes, and whose build trees are still there.
func builtForThis(t *testing.T) (all []kernels.Entry) {
	t.Helper()
	if os.Getenv("STACKSWEEP_BOOT") != "all" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not all")
	}
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	cached, err := kernels.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range cached {
		if k.Built == nil || !strings.HasSuffix(k.Series, "-boot") {
			continue
		}
		tree, err := TreeOf(k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(tree.Build + "/Module.symvers"); err == nil {
			all = append(all, k)
		}
	}
	if len(all) == 0 {
		t.Skip("SKIP: no kernel with live patching was built here ('make livepatch-live' does)")
	}
	return all
}

// TestLivePatch lets kernels patch themselves. The transition must wait for the old lp_outer() to return; it doesn't
// where a trace of the task lacks that.
func TestLivePatch(t *testing.T) {
	for _, known := range builtForThis(t) {
		variant := known.Built.Variant
		tree, err := TreeOf(known)
		if err != nil {
			t.Fatal(err)
		}
		k, err := kernel.Load(known.Series, known.Image)
		if err != nil {
			t.Fatal(err)
		}
		image, err := boot.Bootable(known.Image, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		modules, err := Modules(context.Background(), tree)
		if err != nil {
			t.Fatal(err)
		}
		recorded := variant == "record" || variant == "slot" || variant == "two-calls" || variant == "record-loop"
		looks := variant == "loop" || variant == "record-loop"
		for name, c := range map[string]struct {
			Case
			lost bool
		}{
			"traced":              {Case{Traced: true}, !recorded && variant != "detect"},
			"not traced":          {Case{}, false},
			"probed":              {Case{Kretprobe: true}, false},
			"traced and probed":   {Case{Traced: true, Kretprobe: true}, !looks},
			"traced, and watched": {Case{Traced: true, Watch: true}, !recorded && variant != "detect"},
		} {
			t.Run(known.Series+"/"+name, func(t *testing.T) {
				r, err := Show(context.Background(), k, image, modules, c.Case)
				if err != nil {
					t.Fatal(err)
				}
				t.Log(strings.Join(r.Lines, "\n"))
				if r.Finished != c.lost || r.Mixed && !r.Finished {
					t.Errorf("the transition has finished while the old lp_outer() was running: %v", r.Finished)
				}
				if last := r.Lines[len(r.Lines)-1]; !strings.Contains(last, "transition 0, old lp_outer runs: 0") {
					t.Errorf("in the end: %s", last)
				}
				if c.Watch && len(r.Walks) == 0 {
					t.Error("live patching has looked at no stack trace")
				}
			})
		}
	}
}
