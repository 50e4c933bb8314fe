// SPDX-License-Identifier: GPL-2.0-only

package dwarf

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
)

// section makes .debug_frame of one CIE (version 1, code alignment 4, data alignment -8, return address in X30, CFA =
// SP) and an FDE for 0x1000..0x1040 with the given instructions.
func section(t *testing.T, instructions ...byte) *cfi.Info {
	t.Helper()
	pad := func(b []byte) []byte {
		for len(b)%8 != 4 {
			b = append(b, 0)
		}
		return append([]byte{byte(len(b)), 0, 0, 0}, b...)
	}
	cie := pad([]byte{0xff, 0xff, 0xff, 0xff, 1, 0, 4, 0x78, 30, 0x0c, 31, 0})
	fde := append([]byte{0, 0, 0, 0, 0x00, 0x10, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0}, instructions...)
	info, err := cfi.Parse(append(cie, pad(fde)...), 0, cfi.DebugFrame)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// memory is words by address.
type memory map[uint64]uint64

func (m memory) Word(addr uint64) (uint64, bool) {
	w, ok := m[addr]
	return w, ok
}

const (
	low, high = 0x8000, 0x9000
	mask      = 0xff7f_0000_0000_0000
	final     = 1                     // X29 is that of the bottom of the stack
	record    = 0x10                  // where its record is in the task's registers
	code      = 0xffff_8000_0000_0000 // of callers
)

// TestWalk unwinds frames without frame records, at every kind of end.
func TestWalk(t *testing.T) {
	frame := []byte{0x41, 0x0e, 32, 0x9e, 1, 0x93, 2} // from +4 on: CFA = SP+32, X30 at CFA-8, X19 at CFA-16
	signed := append([]byte{0x2d}, frame...)          // and the return address is signed
	outermost := []byte{0x07, 30}                     // X30 undefined
	for _, tt := range []struct {
		name         string
		instructions []byte
		pc, sp, fp   uint64
		mem          memory
		frames       []uint64 // after that of the exception
		reason       unwind.Reason
		addr         uint64
		bottom       uint64 // of the stack: where the task's registers are, with a FINAL record
	}{
		{name: "first instruction", instructions: frame, pc: 0x1000, sp: 0x8100, fp: final,
			frames: []uint64{0x1000, code}, bottom: 0x8100},
		{name: "in the frame", instructions: frame, pc: 0x1008, sp: 0x8100, fp: final,
			mem: memory{0x8118: code, 0x8110: 0}, frames: []uint64{0x1008, code}, bottom: 0x8120},
		{name: "recursion", instructions: frame, pc: 0x1008, sp: 0x8100, fp: final,
			mem: memory{0x8118: 0x1014, 0x8110: 0, 0x8138: code, 0x8130: 0}, frames: []uint64{0x1008, 0x1014, code},
			bottom: 0x8140},
		{name: "signed", instructions: signed, pc: 0x1008, sp: 0x8100, fp: final,
			mem: memory{0x8118: code &^ (0x55 << 56), 0x8110: 0}, frames: []uint64{0x1008, code}, bottom: 0x8120},
		{name: "signed unsaid", instructions: frame, pc: 0x1008, sp: 0x8100, fp: final,
			mem: memory{0x8118: code &^ (0x55 << 56), 0x8110: 0}, frames: []uint64{0x1008, code &^ (0x55 << 56)},
			bottom: 0x8120},
		{name: "outermost", instructions: outermost, pc: 0x1008, sp: 0x8100, fp: 0, frames: []uint64{0x1008}},
		{name: "no row", instructions: frame, pc: 0x2000, sp: 0x8100, fp: 0, frames: []uint64{0x2000},
			reason: unwind.NoTable, addr: 0x2000},
		{name: "interrupted where no row is", instructions: frame, pc: 0x2000, sp: 0x8100, fp: final,
			frames: []uint64{0x2000}, reason: unwind.NoTable, addr: 0x2000, bottom: 0x8100},
		{name: "no row for the caller", instructions: frame, pc: 0x1000, sp: 0x8100, fp: 0,
			frames: []uint64{0x1000, code}, reason: unwind.NoTable, addr: code},
		{name: "off the stack", instructions: frame, pc: 0x1008, sp: high, fp: final, frames: []uint64{0x1008},
			reason: unwind.OffStack, addr: high + 16},
		{name: "unreadable", instructions: frame, pc: 0x1008, sp: 0x8100, fp: final, frames: []uint64{0x1008},
			reason: unwind.Unreadable, addr: 0x8110},
		{name: "its own caller", instructions: nil, pc: 0x1008, sp: 0x8100, fp: final, mem: memory{},
			frames: []uint64{0x1008, 0x1010}, reason: unwind.BadCFA, addr: 0x8100},
		// It says that the return address is in X30, which its own call has set, so that each frame is the one before
		// again.
		{name: "no end", instructions: []byte{0x0e, 0x80, 2}, pc: 0x1008, sp: 0x8d00, fp: final,
			frames: []uint64{0x1008, 0x1010, 0x1010, 0x1010}, reason: unwind.OffStack, addr: 0x9100},
		{name: "expression", instructions: []byte{0x0f, 1, 0x9c}, pc: 0x1008, sp: 0x8100, fp: final,
			frames: []uint64{0x1008}, reason: unwind.UnsupportedRule, addr: 0x1008},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &unwind.Layout{CFI: section(t, tt.instructions...), PACMask: mask,
				Regs: unwind.RegsLayout{FrameRecord: record}}
			regs := &unwind.Registers{SP: tt.sp, PC: tt.pc}
			regs.X[29], regs.X[30] = tt.fp, code
			if tt.fp == final {
				regs.X[29] = tt.bottom + record
			}
			if tt.name == "its own caller" || tt.name == "no end" {
				regs.X[30] = 0x1010
			}
			task := &unwind.Task{
				Mem: tt.mem, Start: unwind.Start{PC: 0x77, FP: 0x8010}, PtRegs: tt.bottom, Interrupted: regs,
				Stacks: []unwind.Stack{{Name: "task", Low: low, High: high}},
			}
			var trace unwind.Trace
			New(k).Walk(task, &trace)
			var got []uint64
			for _, f := range trace.Frames[1:] {
				got = append(got, f.PC)
			}
			if diff := cmp.Diff(tt.frames, got); diff != "" {
				t.Errorf("frames, -want +got:\n%s", diff)
			}
			if want := (unwind.Failure{Reason: tt.reason, Addr: tt.addr}); trace.Failure != want ||
				trace.Reliable == want.Failed() {
				t.Errorf("failure %v, reliable %v; want %v", trace.Failure, trace.Reliable, want)
			}
		})
	}
}

// TestNothingToGoBy makes sure that without registers or tables a walk is refused.
func TestNothingToGoBy(t *testing.T) {
	for _, task := range []*unwind.Task{{},
		{Interrupted: &unwind.Registers{PC: 0x1000}, Mem: memory{}, PtRegs: final}} {
		var trace unwind.Trace
		New(&unwind.Layout{}).Walk(task, &trace)
		if trace.Reliable || !trace.Failure.Failed() {
			t.Errorf("%+v", trace)
		}
	}
}
