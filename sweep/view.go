package sweep

import (
	"encoding/binary"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// A view is the memory that a walker is shown: what an unwinder may read of the interrupted machine's, and over it the
// pt_regs of an exception that is delivered by overlay, so that the machine itself is left alone.
type view struct {
	readable
	mem *emu.Memory

	layout  kunwind.RegsLayout
	low     uint64 // where the overlay begins; 0 without one
	overlay []byte
	pc, fp  uint64 // of the interrupted context
}

func newView(run *scenarios.Run, mem *emu.Memory) *view {
	return &view{
		mem: mem, readable: newReadable(run),
		layout: run.Kernel.Regs, overlay: make([]byte, run.Kernel.Regs.Size),
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
	ranges  []kunwind.Range
	last    kunwind.Range // the one that served last
	outside bool          // the walker asked for something else
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

// interrupt lays the pt_regs of an exception over the memory below SP, as the exception entry code would write it:
// registers, and the metadata frame record. Registers that no unwinder looks at are left zero. It returns the address
// of the record, which is what the entry code's X29 points at.
//
// setPlain chooses between that and the ordinary record {X29, PC} of kernels before 6.17.
func (v *view) interrupt(pc, sp, fp, lr, pstate uint64) (record uint64) {
	v.low = sp - uint64(len(v.overlay))
	put := func(off, w uint64) { binary.LittleEndian.PutUint64(v.overlay[off:], w) }
	put(v.layout.X29, fp)
	put(v.layout.X30, lr)
	put(v.layout.SP, sp)
	put(v.layout.PC, pc)
	put(v.layout.PC+8, pstate)
	put(v.layout.FrameRecord+16, kunwind.MetaPtRegs)
	v.pc, v.fp = pc, fp
	return v.low + v.layout.FrameRecord
}

// setPlain makes the overlay's record an ordinary one, or a metadata record.
func (v *view) setPlain(plain bool) {
	pc, fp := v.pc, v.fp
	if !plain {
		pc, fp = 0, 0
	}
	binary.LittleEndian.PutUint64(v.overlay[v.layout.FrameRecord:], fp)
	binary.LittleEndian.PutUint64(v.overlay[v.layout.FrameRecord+8:], pc)
}

// clear takes the overlay away.
func (v *view) clear() { v.low, v.outside = 0, false }

var _ unwind.Memory = (*view)(nil)
