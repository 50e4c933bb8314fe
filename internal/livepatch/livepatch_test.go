// SPDX-License-Identifier: GPL-2.0-only

package livepatch

import (
	"context"
	"os"
	"strings"
	"testing"

	"stacksweep/internal/boot"
	"stacksweep/scenarios/kernel"
)

// TestReport reads what the guest prints.
func TestReport(t *testing.T) {
	for _, tt := range []struct {
		name, console   string
		finished, mixed bool
	}{
		{"waits", "lp: after 0 s: transition 1, patch_state 0, old lp_outer runs: 1, calls of the new lp_helper by it: 0\nlp: told to stop: transition 0, old lp_outer runs: 0, calls of the new lp_helper by it: 0\n", false, false},
		{"finishes", "lp: after 1 s: transition 0, patch_state -1, old lp_outer runs: 1, calls of the new lp_helper by it: 0\n", true, false},
		{"mixes", "[    1.0] lp: task ffff\nlp: 2 s later: transition 0, old lp_outer runs: 1, calls of the new lp_helper by it: 3\n", true, true},
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

// TestLivePatch lets a kernel patch itself whose source and build folder are named by the environment.
func TestLivePatch(t *testing.T) {
	tree := Tree{Source: os.Getenv("STACKSWEEP_LIVEPATCH_SOURCE"), Build: os.Getenv("STACKSWEEP_LIVEPATCH_BUILD"), Cross: "aarch64-linux-gnu-"}
	if tree.Source == "" || tree.Build == "" {
		t.Skip("SKIP: STACKSWEEP_LIVEPATCH_SOURCE and STACKSWEEP_LIVEPATCH_BUILD are not set")
	}
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	k, err := kernel.Load("livepatch", tree.Build+"/vmlinux")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := Modules(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, traced := range []bool{true, false} {
		r, err := Show(context.Background(), k, tree.Build+"/arch/arm64/boot/Image", modules, Case{Traced: traced})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(strings.Join(r.Lines, "\n"))
		if r.Finished != traced {
			t.Errorf("lp_inner() traced: %v; the transition has finished while lp_outer() was running: %v", traced, r.Finished)
		}
	}
}
