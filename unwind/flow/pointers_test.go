// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFramePointers(t *testing.T) {
	all := kinds(t)
	for name, want := range map[string]FramePointers{
		"callee": {Instructions: 1, Wrong: 1, Runs: []PointerRun{{0, 4, false, true, true}}},
		"hardened": {Instructions: 4, Wrong: 4,
			Runs: []PointerRun{{0, 8, false, true, true}, {16, 24, false, true, true}}},
		"prologue_and_epilogue": {Instructions: 7, Wrong: 3, HeuristicWrong: 0,
			Runs: []PointerRun{{0, 8, false, true, true}, {24, 28, false, true, true}}},
		// Nothing leads to the caller between the two loads of the epilogue; where the stack is made larger X30
		// does, but no heuristic would look there.
		"go_grows": {Instructions: 18, Wrong: 13, HeuristicWrong: 6, Runs: []PointerRun{{0, 24, false, true, true},
			{36, 40, false, false, false}, {40, 44, false, true, true}, {52, 72, false, false, true}}},
		// What X29 holds leads nowhere.
		"x29_is_scratch": {Instructions: 4, Wrong: 4, HeuristicWrong: 2,
			Runs: []PointerRun{{0, 8, false, true, true}, {8, 16, false, false, false}}},
	} {
		if name == "x29_is_scratch" && len(all[name]) == 0 {
			t.Fatal("kinds.S has no x29_is_scratch")
		}
		f := Analyze(all[name], 0)
		if diff := cmp.Diff(want, f.FramePointers(all[name])); diff != "" {
			t.Errorf("%s, -want +got:\n%s", name, diff)
		}
	}
}
