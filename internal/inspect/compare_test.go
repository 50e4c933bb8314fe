// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// TestShadowChanges follows the shadow stack along a run: what was there before, less what is gone, is what is there.
func TestShadowChanges(t *testing.T) {
	in := open(t)
	counts := map[Fate]int{}
	for step := range in.Len() {
		if err := in.Seek(step); err != nil {
			t.Fatal(err)
		}
		var now []any
		for _, e := range in.ShadowChanges() {
			counts[e.Fate]++
			if e.Fate != Gone {
				now = append(now, e.Entry)
			}
		}
		var want []any
		for _, e := range in.ShadowStack() {
			want = append(want, e)
		}
		if d := cmp.Diff(want, now); d != "" {
			t.Fatalf("step %d (-want +got):\n%s", step, d)
		}
	}
	// Two calls are traced. An entry is published before its other words are written.
	if counts[Added] != 2 || counts[Gone] != 2 || counts[Altered] == 0 {
		t.Errorf("fates: %v", counts)
	}
}

// frames makes a walk of some addresses.
func frames(truth []uint64, pcs ...uint64) WalkView {
	v := WalkView{Point: sweep.Point{Truth: truth}}
	for _, pc := range pcs {
		v.Trace.Frames = append(v.Trace.Frames, unwind.Frame{PC: pc})
	}
	v.Rows = align(truth, v.Trace.Frames)
	return v
}

func TestCompare(t *testing.T) {
	truth := []uint64{1, 2, 3}
	walks := []WalkView{frames(truth, 1, 2, 3), frames(truth, 1, 3), frames(truth, 1, 9, 8, 2, 7), frames(truth)}
	var got [][]uint64
	for _, r := range Compare(walks) {
		row := []uint64{r.Truth}
		for _, w := range r.Walks {
			row = append(row, w.Frame)
		}
		got = append(got, row)
	}
	want := [][]uint64{
		{1, 1, 1, 1, 0},
		{0, 0, 0, 9, 0},
		{0, 0, 0, 8, 0},
		{2, 2, 0, 2, 0},
		{3, 3, 3, 0, 0},
		{0, 0, 0, 7, 0},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("truth and four walks (-want +got):\n%s", d)
	}
	for i, want := range []uint64{0, 2, 3, 1} {
		if got := walks[i].Lacks(); got != want {
			t.Errorf("walk %d lacks %d, want %d", i, got, want)
		}
	}
	if Compare(nil) != nil {
		t.Error("rows of no walk")
	}
}

// TestTrueStack compares the stack at a point where mode irq has a truth too, and looks at one where it hasn't.
func TestTrueStack(t *testing.T) {
	in := open(t)
	step, ok := in.Execution(in.Run.Hooks[0], -1, Forwards)
	if !ok || in.Seek(step) != nil {
		t.Fatal("nothing returns to the hook")
	}
	walks := in.Walks(verdict.IRQ)
	if d := cmp.Diff(walks[0].Truth[1:], in.TrueStack()); d != "" {
		t.Errorf("(-irq +stack):\n%s", d)
	}
	if err := in.Seek(0); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]uint64{in.Run.Start.PC}, in.TrueStack()); d != "" {
		t.Errorf("at the start (-want +got):\n%s", d)
	}
}
