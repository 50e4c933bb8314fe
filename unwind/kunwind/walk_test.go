// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/unwind"
)

type result struct {
	PCs      []uint64
	Reliable bool
	Reason   unwind.Reason
	Warned   []unwind.Reason
}

func walkWith(k *unwind.Layout, profile string, task *unwind.Task) result {
	var trace unwind.Trace
	for _, p := range Profiles() {
		if p.Name == profile {
			New(p, k).Walk(task, &trace)
		}
	}
	r := result{Reliable: trace.Reliable, Reason: trace.Failure.Reason}
	for _, f := range trace.Frames {
		r.PCs = append(r.PCs, f.PC)
	}
	for _, w := range trace.Warnings {
		r.Warned = append(r.Warned, w.Reason)
	}
	return r
}

func TestWalk(t *testing.T) {
	const a, b = stackLow + 0x100, stackLow + 0x200 // two records
	chain := func(w words) { w.record(a, b, 0xaa); w.record(b, final, 0xbb) }
	for _, tt := range []struct {
		name    string
		profile string
		kind    unwind.StartKind
		pc, fp  uint64
		mem     func(words)
		want    result
	}{
		{
			name: "to the FINAL record", profile: "v6.17", pc: 1, fp: a, mem: chain,
			want: result{PCs: []uint64{1, 0xaa, 0xbb}, Reliable: true},
		},
		{
			name: "misaligned record", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b+4, 0xaa) },
			want: result{PCs: []uint64{1, 0xaa}, Reason: unwind.Misaligned},
		},
		{
			name: "a record at an odd multiple of eight is fine", profile: "v6.17", pc: 1, fp: a + 8,
			mem:  func(w words) { w.record(a+8, final, 0xaa) },
			want: result{PCs: []uint64{1, 0xaa}, Reliable: true},
		},
		{
			name: "off every stack", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, 0x99990, 0xaa) },
			want: result{PCs: []uint64{1, 0xaa}, Reason: unwind.OffStack},
		},
		{
			name: "downwards", profile: "v6.17", pc: 1, fp: b,
			mem:  func(w words) { w.record(b, a, 0xbb) },
			want: result{PCs: []uint64{1, 0xbb}, Reason: unwind.OffStack},
		},
		{
			name: "a loop", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, a, 0xaa) },
			want: result{PCs: []uint64{1, 0xaa}, Reason: unwind.OffStack},
		},
		{
			name: "a record that straddles the end of the stack", profile: "v6.17", pc: 1, fp: stackHigh - 8,
			mem:  func(words) {},
			want: result{PCs: []uint64{1}, Reason: unwind.OffStack},
		},
		{
			name: "FINAL elsewhere", profile: "v6.17", pc: 1, fp: a,
			mem: func(w words) { w.record(a, b, 0xaa); w.record(b, 0, 0); w[b+16] = unwind.MetaFinal },
			want: result{PCs: []uint64{1, 0xaa}, Reason: unwind.FinalElsewhere,
				Warned: []unwind.Reason{unwind.FinalElsewhere}},
		},
		{
			name: "FINAL elsewhere, another task's stack: no warning", profile: "v6.17", kind: unwind.FromBlocked,
			pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, 0xaa); w.record(b, 0, 0); w[b+16] = unwind.MetaFinal },
			want: result{PCs: []uint64{1, 0xaa}, Reason: unwind.FinalElsewhere},
		},
		{
			name: "metadata record of unknown type", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, 0, 0); w[a+16] = 77 },
			want: result{PCs: []uint64{1}, Reason: unwind.BadMetaType, Warned: []unwind.Reason{unwind.BadMetaType}},
		},
		{
			name: "from the interrupt stack to the task's", profile: "v6.17", pc: 1, fp: irqLow + 0x100,
			mem:  func(w words) { w.record(irqLow+0x100, a, 0x77); chain(w) },
			want: result{PCs: []uint64{1, 0x77, 0xaa, 0xbb}, Reliable: true},
		},
		{
			name: "a blocked task has its own stack only", profile: "v6.17", kind: unwind.FromBlocked, pc: 1,
			fp:   irqLow + 0x100,
			mem:  func(w words) { w.record(irqLow+0x100, a, 0x77); chain(w) },
			want: result{PCs: []uint64{1}, Reason: unwind.OffStack},
		},
		{
			name: "a stack is entered once", profile: "v6.17", pc: 1, fp: irqLow + 0x100,
			mem:  func(w words) { w.record(irqLow+0x100, a, 0x77); w.record(a, irqLow+0x200, 0xaa) },
			want: result{PCs: []uint64{1, 0x77, 0xaa}, Reason: unwind.OffStack},
		},
		{
			name: "signed return addresses are stripped", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, final, 0x1280800012345678) },
			want: result{PCs: []uint64{1, 0xffff800012345678}, Reliable: true},
		},
		{
			name: "traced: the address comes from the shadow stack", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, hook); w.record(b, final, 0xbb); w.traced([2]uint64{0xcafe, b}) },
			want: result{PCs: []uint64{1, 0xcafe, 0xbb}, Reliable: true},
		},
		{
			name: "traced, tail call: the entry that returns to the hook is passed over", profile: "v6.17",
			pc: 1, fp: a,
			mem: func(w words) {
				w.record(a, b, hook)
				w.record(b, final, 0xbb)
				w.traced([2]uint64{0xcafe, b}, [2]uint64{hook, b})
			},
			want: result{PCs: []uint64{1, 0xcafe, 0xbb}, Reliable: true},
		},
		{
			name: "traced, but the entry is gone", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, hook); w.record(b, final, 0xbb); w.traced() },
			want: result{PCs: []uint64{1}, Reason: unwind.GraphLost, Warned: []unwind.Reason{unwind.GraphLost}},
		},
		{
			name: "inside the trampoline: mainline passes it by", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, hook+0x20); w.record(b, final, 0xbb); w.traced([2]uint64{0xcafe, b}) },
			want: result{PCs: []uint64{1, hook + 0x20, 0xbb}, Reliable: true},
		},
		{
			name: "inside the trampoline: detected", profile: "sframe-detect", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, hook+0x20); w.record(b, final, 0xbb); w.traced([2]uint64{0xcafe, b}) },
			want: result{PCs: []uint64{1}, Reason: unwind.InTrampoline},
		},
		{
			name: "inside the trampoline: recovered", profile: "sframe-recover", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, hook+0x20); w.record(b, final, 0xbb); w.traced([2]uint64{0xcafe, b}) },
			want: result{PCs: []uint64{1, hook + 0x20, 0xcafe, 0xbb}, Reliable: true},
		},
		{
			name: "inside the trampoline, popped: nothing to recover", profile: "sframe-recover", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, hook+0x20); w.record(b, final, 0xbb); w.traced() },
			want: result{PCs: []uint64{1, hook + 0x20}, Reason: unwind.GraphLost},
		},
		{
			name: "probed, twice on one call", profile: "v6.17", pc: 1, fp: a,
			mem: func(w words) {
				w.record(a, b, trampoline)
				w.record(b, final, 0xbb)
				w.probed([2]uint64{trampoline, b}, [2]uint64{0xcafe, b})
			},
			want: result{PCs: []uint64{1, 0xcafe, 0xbb}, Reliable: true},
		},
		{
			name: "probed, but the instance is gone", profile: "v6.17", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, b, trampoline); w.probed() },
			want: result{PCs: []uint64{1}, Reason: unwind.KretprobeLost},
		},
		{
			name: "probed, the instance is gone, and it isn't checked", profile: "v6.1", pc: 1, fp: a,
			mem:  func(w words) { w.record(a, final, trampoline); w.probed() },
			want: result{PCs: []uint64{1, 0}, Reliable: true},
		},
		{
			name: "exception: mainline gives up", profile: "v6.17", pc: 1, fp: a,
			mem: func(w words) {
				w.record(a, w.exception(stackLow+0x800, 0x1010, b+0x1000, 0, 0xcafe), 0x77)
			},
			want: result{PCs: []uint64{1, 0x77}, Reason: unwind.ExceptionBoundary},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mem := words{}
			tt.mem(mem)
			if diff := cmp.Diff(tt.want,
				walkWith(testKernel(t), tt.profile, testTask(mem, tt.kind, tt.pc, tt.fp))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A walk that begins on the interrupt stack and crosses an exception at 'pc', taken with SP 'sp'.
func TestSFrameAtException(t *testing.T) {
	const (
		sp     = stackLow + 0xc00
		caller = stackLow + 0xd00 // the caller's record
		regs   = sp - 320
	)
	walk := func(profile string, pc uint64, mem func(words), fp uint64) result {
		w := words{}
		w.record(caller, final, 0xbb)
		mem(w)
		record := w.exception(regs, pc, fp, sp, 0xcafe)
		w.record(irqLow+0x100, record, 0x77)
		return walkWith(testKernel(t), profile, testTask(w, unwind.FromCaller, 1, irqLow+0x100))
	}
	none := func(words) {}
	pushed := func(w words) { w.record(sp, caller, 0xcafe) }
	for _, tt := range []struct {
		name    string
		profile string
		pc, fp  uint64
		mem     func(words)
		want    result
	}{
		{"leaf: the caller is in X30", "sframe", 0x1010, caller, none,
			result{PCs: []uint64{1, 0x77, 0x1010, 0xcafe, 0xbb}, Reliable: true}},
		{"prologue: the record is pushed, X29 is still the caller's", "sframe", 0x2004, caller, pushed,
			result{PCs: []uint64{1, 0x77, 0x2004, 0xcafe, 0xbb}, Reliable: true}},
		{"body: the record is X29's", "sframe", 0x2008, sp, pushed,
			result{PCs: []uint64{1, 0x77, 0x2008, 0xcafe, 0xbb}, Reliable: true}},
		{"no table: X29 is followed, unreliable", "sframe", 0x7000, caller, none,
			result{PCs: []uint64{1, 0x77, 0x7000}, Reason: unwind.NoTable}},
		{"outermost is no end for a kernel", "sframe", 0x3000, caller, none,
			result{PCs: []uint64{1, 0x77, 0x3000}, Reason: unwind.Outermost}},
		{"X29 below SP", "sframe", 0x2008, sp - 0x40, pushed,
			result{PCs: []uint64{1, 0x77, 0x2008}, Reason: unwind.BadCFA}},
		{"a record below the pt_regs is used up", "fp", 0x1010, regs - 0x100, func(w words) {
			w.record(regs-0x100, final, 0xaa)
		}, result{PCs: []uint64{1, 0x77, 0x1010}, Reason: unwind.OffStack}},
		{"a record that is its own caller is used up", "sframe", 0x2004, caller, func(w words) {
			w.record(sp, sp, 0xcafe)
		}, result{PCs: []uint64{1, 0x77, 0x2004, 0xcafe}, Reason: unwind.OffStack}},
		{"leaf that returns to a traced function's hook", "sframe", 0x1010, caller, func(w words) {
			w.traced([2]uint64{0xbeef, caller})
		}, result{PCs: []uint64{1, 0x77, 0x1010, 0xcafe, 0xbb}, Reliable: true}},

		// The CFA here is sp+32 = …c20: bits 2 and 4 of the posted mask are clear, of a CFA 16 higher they are not.
		{"posted mask, CFA mod 32 = 0", "sframe-v6", 0x2004, caller, pushed,
			result{PCs: []uint64{1, 0x77, 0x2004, 0xcafe, 0xbb}, Reliable: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, walk(tt.profile, tt.pc, tt.mem, tt.fp)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
