// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"encoding/binary"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// A view is the memory that a walker is shown: what an unwinder may read of the interrupted machine's, and over it the
// pt_regs of an exception that is delivered by overlay, so that the machine itself is left alone.
type view struct {
	readable
	mem *emu.Memory

	layout  unwind.RegsLayout
	low     uint64 // where the overlay begins; 0 without one
	overlay []byte // one of:
	regs    []byte // pt_regs
	record  []byte // the frame record of an SDEI event
	pc, fp  uint64 // of the interrupted context
}

func newView(run *scenarios.Run, mem *emu.Memory) *view {
	return &view{
		mem: mem, readable: newReadable(run),
		layout: run.Kernel.Regs, regs: make([]byte, run.Kernel.Regs.Size), record: make([]byte, 16),
	}
}

// Word implements [unwind.Memory].
func (v *view) Word(addr uint64) (uint64, bool) {
	if off := addr - v.low; v.low != 0 && off < uint64(len(v.overlay)) {
		if off+8 > uint64(len(v.overlay)) {
			v.outside = true
			return 0, false
		}
		return binary.LittleEndian.Uint64(v.overlay[off:]), true
	}
	if !v.allows(addr) {
		return 0, false
	}
	return v.mem.Word(addr)
}

// A readable is the memory that an unwinder may look at.
type readable struct {
	ranges  []unwind.Range
	last    unwind.Range // the one that served last
	outside bool         // the walker asked for something else
}

func newReadable(run *scenarios.Run) readable {
	return readable{ranges: run.Readable, last: run.Readable[0]}
}

// allows reports whether the word at addr may be read.
func (r *readable) allows(addr uint64) bool {
	return addr >= r.last.Start && addr <= r.last.End-8 || r.find(addr)
}

// find makes last the range that holds the word at addr.
func (r *readable) find(addr uint64) bool {
	for _, candidate := range r.ranges {
		if addr >= candidate.Start && addr <= candidate.End-8 {
			r.last = candidate
			return true
		}
	}
	r.outside = true
	return false
}

// interrupt lays the pt_regs of an exception over the memory from low on, as the exception entry code would write it:
// registers, and the metadata frame record. Registers that no unwinder looks at are left zero. It returns the address
// of the record, which is what the entry code's X29 points at.
//
// setPlain chooses between that and the ordinary record {X29, PC} of kernels before 6.17.
func (v *view) interrupt(low, pc, sp, fp, lr, pstate uint64) (record uint64) {
	v.low, v.overlay = low, v.regs
	put := func(off, w uint64) { binary.LittleEndian.PutUint64(v.overlay[off:], w) }
	put(v.layout.X29, fp)
	put(v.layout.X30, lr)
	put(v.layout.SP, sp)
	put(v.layout.PC, pc)
	put(v.layout.PC+8, pstate)
	put(v.layout.FrameRecord+16, unwind.MetaPtRegs)
	v.pc, v.fp = pc, fp
	return v.low + v.layout.FrameRecord
}

// event lays over the memory what is left of an SDEI event on its own stack, which ends at top: an ordinary frame record
// {X29, PC}, at whose address, which it returns, X29 points.
func (v *view) event(top, pc, fp uint64) (record uint64) {
	v.low, v.overlay = top-uint64(len(v.record)), v.record
	binary.LittleEndian.PutUint64(v.record, fp)
	binary.LittleEndian.PutUint64(v.record[8:], pc)
	return v.low
}

// setPlain makes the record in an overlay of pt_regs an ordinary one, or a metadata record.
func (v *view) setPlain(plain bool) {
	pc, fp := v.pc, v.fp
	if !plain {
		pc, fp = 0, 0
	}
	binary.LittleEndian.PutUint64(v.regs[v.layout.FrameRecord:], fp)
	binary.LittleEndian.PutUint64(v.regs[v.layout.FrameRecord+8:], pc)
}

// clear takes the overlay away.
func (v *view) clear() { v.low, v.outside = 0, false }

var _ unwind.Memory = (*view)(nil)
