// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/unwind"
)

// Defects of version 6 as posted, one by one.
func TestDefectsOfV6(t *testing.T) {
	const sp = stackLow + 0xc10 // CFA mod 32 = 16
	w := words{}
	w.record(stackLow+0xd00, final, 0xbb)
	w.record(sp, stackLow+0xd00, 0xcafe)
	record := w.exception(sp-320, 0x2004, stackLow+0xd00, sp, 0)
	task := testTask(w, unwind.FromCaller, 1, record)
	if got := walkWith(testKernel(t), "sframe-v6", task); got.Reliable {
		t.Error("the posted CFA mask accepts a CFA with bit 4 set")
	}
	if got := walkWith(testKernel(t), "sframe", task); !got.Reliable {
		t.Errorf("the mended mask refuses a CFA that is a multiple of 16: %v", got.Reason)
	}

	// An error after the last reported frame doesn't reach the verdict.
	w = words{}
	w.record(stackLow+0x100, 0x99990, 0xaa)
	task = testTask(w, unwind.FromCaller, 1, stackLow+0x100)
	for profile, want := range map[string]bool{"sframe-v6": true, "sframe": false, "v6.17": false} {
		if got := walkWith(testKernel(t), profile, task); got.Reliable != want {
			t.Errorf("%s, a chain that breaks off: reliable %v, want %v", profile, got.Reliable, want)
		}
	}
}

// A kretprobe inside a function whose return the graph tracer has hooked: the instance's address is return_to_handler.
// Mainline reports that and loses the caller; a loop finds it, however often the two are stacked.
func TestKretprobeInsideFgraph(t *testing.T) {
	const caller = stackLow + 0xd00
	walk := func(profile string, graph [][2]uint64, probes [][2]uint64) result {
		w := words{}
		w.record(caller, final, 0xbb)
		w.record(stackLow+0xc00, caller, trampoline)
		w.traced(graph...)
		w.probed(probes...)
		return walkWith(testKernel(t), profile, testTask(w, unwind.FromBlocked, 1, stackLow+0xc00))
	}
	graph, probe := [][2]uint64{{0xcafe, caller}}, [][2]uint64{{hook, caller}}
	lost := result{PCs: []uint64{1, hook, 0xbb}, Reliable: true}
	found := result{PCs: []uint64{1, 0xcafe, 0xbb}, Reliable: true}
	for profile, want := range map[string]result{"v6.17": lost, "sframe": lost, "sframe-recover": lost,
		"v6.17-loop": found, "sframe-loop": found} {
		if diff := cmp.Diff(want, walk(profile, graph, probe)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", profile, diff)
		}
	}
	// Probed, then traced, then probed: three tail calls.
	graph, probe = [][2]uint64{{trampoline, caller}}, [][2]uint64{{hook, caller}, {0xcafe, caller}}
	if diff := cmp.Diff(found, walk("v6.17-loop", graph, probe)); diff != "" {
		t.Errorf("hooked three times (-want +got):\n%s", diff)
	}
	// Each names the other for ever.
	probe = [][2]uint64{{hook, caller}, {hook, caller}}
	if got := walk("v6.17-loop", graph, probe); got.Reliable || got.Reason != unwind.KretprobeLost {
		t.Errorf("hooks that lead nowhere: %+v", got)
	}
}

// A consumer whose buffer is full stops the walk, and that is an error; version 6 of the series drops it.
func TestFullBuffer(t *testing.T) {
	deep := func(frames int) *unwind.Task {
		w := words{}
		at := uint64(stackLow + 0x100)
		for range frames - 2 {
			w.record(at, at+16, 0xaa)
			at += 16
		}
		w.record(at, final, 0xbb)
		return testTask(w, unwind.FromBlocked, 1, stackLow+0x100)
	}
	type verdict struct {
		frames   int
		reliable bool
		reason   unwind.Reason
	}
	for _, tt := range []struct {
		profile string
		frames  int
		want    verdict
	}{
		{"v6.17", 99, verdict{99, true, unwind.None}},
		{"v6.17", 100, verdict{100, false, unwind.NoRoom}},
		{"sframe-v7", 101, verdict{100, false, unwind.NoRoom}},
		{"sframe-v6", 101, verdict{100, true, unwind.NoRoom}}, // the outermost function is missing
		{"fp", 300, verdict{300, true, unwind.None}},
	} {
		got := walkWith(testKernel(t), tt.profile, deep(tt.frames))
		if diff := cmp.Diff(tt.want, verdict{len(got.PCs), got.Reliable, got.Reason},
			cmp.AllowUnexported(verdict{})); diff != "" {
			t.Errorf("%s, %d frames (-want +got):\n%s", tt.profile, tt.frames, diff)
		}
	}
}

// What sets the versions of the series apart where SFrame fails.
func TestClaimsWithoutTable(t *testing.T) {
	const regs = stackLow + 0xb00
	w := words{}
	// Nested exceptions at places without rows, then the end.
	inner := w.exception(regs-0x400, 0x7000, stackLow+0x900, stackLow+0x8f0, 0)
	w.record(stackLow+0x900, w.exception(regs, 0x7000, final, regs+320, 0), 0xdd)
	for profile, want := range map[string]result{
		"sframe":    {PCs: []uint64{1, 0x7000}, Reason: unwind.NoTable},
		"sframe-v7": {PCs: []uint64{1, 0x7000}, Reason: unwind.NoTable},
		"sframe-v6": {PCs: []uint64{1, 0x7000}, Reason: unwind.NoTable},
		// It goes on, and to the end: nothing is claimed.
		"sframe-v6-walk": {PCs: []uint64{1, 0x7000, 0xdd, 0x7000}, Reliable: true},
	} {
		if diff := cmp.Diff(want,
			walkWith(testKernel(t), profile, testTask(w, unwind.FromCaller, 1, inner))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", profile, diff)
		}
	}
	// The fallback finds the next exception's registers at once, and they are forgotten.
	inner = w.exception(regs-0x400, 0x7000, w.exception(regs, 0x1010, final, regs+320, 0xcafe), stackLow+0x8f0, 0)
	want := result{PCs: []uint64{1, 0x7000, 0x1010}, Reliable: true, Warned: []unwind.Reason{unwind.NoRegs}}
	if diff := cmp.Diff(want,
		walkWith(testKernel(t), "sframe-v6-walk", testTask(w, unwind.FromCaller, 1, inner))); diff != "" {
		t.Errorf("registers after a fallback (-want +got):\n%s", diff)
	}
	// The fallback finds the end at once: no frame is left that could be rejected.
	outer := w.exception(regs, 0x7000, final, regs+320, 0)
	for profile, reliable := range map[string]bool{"sframe": false, "sframe-v6": true, "sframe-v7": true} {
		if got := walkWith(testKernel(t), profile, testTask(w, unwind.FromCaller, 1, outer)); got.Reliable != reliable {
			t.Errorf("%s, the end after a fallback: %+v", profile, got)
		}
	}
}
