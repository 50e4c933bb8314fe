// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/unwind"
	"stacksweep/unwind/sframe"
)

// words is memory for tests: 64-bit words by address.
type words map[uint64]uint64

func (w words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// The task of the tests: one stack, with the task's pt_regs at its top.
const (
	stackLow  = 0x10000
	stackHigh = 0x14000
	irqLow    = 0x20000
	irqHigh   = 0x24000
	taskAddr  = 0x30000
	shadow    = 0x40000

	hook       = 0x5000 // return_to_handler
	trampoline = 0x6000
)

var layout = unwind.RegsLayout{Size: 320, X29: 232, X30: 240, SP: 248, PC: 256, FrameRecord: 296}

func testKernel(t testing.TB) *unwind.Layout {
	t.Helper()
	k := &unwind.Layout{
		Regs: layout,
		Graph: &unwind.GraphLayout{Generation: unwind.GraphWords, RetStack: 0, CurrRetStack: 8,
			EntrySize: 32, Ret: 0, Func: 8, Retp: 24},
		ReturnToHandler:     unwind.Range{Start: hook, End: hook + 0x40},
		Kretprobe:           &unwind.KretprobeLayout{Instances: 16, Node: 0, RetAddr: 8, FP: 16},
		KretprobeTrampoline: trampoline,
		PACMask:             0xff7f000000000000,
	}
	s := sframe.NewSection(sframe.V3, sframe.AArch64LE, 0x8000)
	s.Flags |= sframe.FDESorted | sframe.FuncStartPCRel
	// leaf at 0x1000: RA in X30 throughout.
	leaf := sframe.Row{CFABase: sframe.SP}
	// framed at 0x2000: at +4 a record at the bottom of a frame of 32 bytes, described by SP, at +8 by X29.
	pushed := sframe.Row{Start: 4, CFABase: sframe.SP, CFAOffset: 32, FP: sframe.Rule{Kind: sframe.AtCFA, Offset: -32},
		RA: sframe.Rule{Kind: sframe.AtCFA, Offset: -24}}
	byFP := pushed
	byFP.Start, byFP.CFABase = 8, sframe.FP
	for _, f := range []struct {
		fde  sframe.FDE
		rows []sframe.Row
	}{
		{sframe.FDE{Start: 0x1000, Size: 0x40}, []sframe.Row{leaf}},
		{sframe.FDE{Start: 0x2000, Size: 0x40}, []sframe.Row{leaf, pushed, byFP}},
		{sframe.FDE{Start: 0x3000, Size: 0x40},
			[]sframe.Row{{Outermost: true, RA: sframe.Rule{Kind: sframe.Undefined}}}},
	} {
		if err := s.AddFunc(f.fde, f.rows...); err != nil {
			t.Fatal(err)
		}
	}
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if k.SFrame, err = sframe.OpenTable(data, 0x8000, sframe.Rules{Kernel: true, Outermost: true}); err != nil {
		t.Fatal(err)
	}
	return k
}

func testTask(mem words, kind unwind.StartKind, pc, fp uint64) *unwind.Task {
	regs := uint64(stackHigh) - layout.Size
	if _, ok := mem[regs+layout.FrameRecord]; !ok {
		mem.record(regs+layout.FrameRecord, 0, 0)
		mem[regs+layout.FrameRecord+16] = unwind.MetaFinal
	}
	return &unwind.Task{
		Mem:   mem,
		Start: unwind.Start{Kind: kind, PC: pc, FP: fp},
		Stacks: []unwind.Stack{{Name: "task", Low: stackLow, High: stackHigh},
			{Name: "irq", Low: irqLow, High: irqHigh}},
		Struct: taskAddr,
		PtRegs: regs,
	}
}

const final = stackHigh - 320 + 296 // the task's FINAL record

// record writes a frame record.
func (w words) record(at, fp, lr uint64) { w[at], w[at+8] = fp, lr }

// exception writes the pt_regs of an exception and returns the address of its metadata record.
func (w words) exception(regs, pc, fp, sp, lr uint64) uint64 {
	w[regs+layout.PC], w[regs+layout.X29], w[regs+layout.SP], w[regs+layout.X30] = pc, fp, sp, lr
	w.record(regs+layout.FrameRecord, 0, 0)
	w[regs+layout.FrameRecord+16] = unwind.MetaPtRegs
	return regs + layout.FrameRecord
}

// traced pushes entries {return address, key} on the shadow stack.
func (w words) traced(entries ...[2]uint64) {
	w[taskAddr] = shadow
	n := uint64(0)
	for _, e := range entries {
		w[shadow+n*8], w[shadow+n*8+8], w[shadow+n*8+16], w[shadow+n*8+24] = e[0], 0, e[1], e[1]
		w[shadow+n*8+32] = 4 | 1<<10 | 1<<12
		n += 5
	}
	w[taskAddr+8] = n
}

// probed puts kretprobe instances {return address, X29} on the task's list, newest first.
func (w words) probed(instances ...[2]uint64) {
	link := uint64(taskAddr + 16)
	for i, in := range instances {
		at := uint64(0x50000 + i*0x40)
		w[link] = at
		w[at+8], w[at+16] = in[0], in[1]
		link = at
	}
	w[link] = 0
}

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
