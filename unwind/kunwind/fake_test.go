// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"testing"

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
