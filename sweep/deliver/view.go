// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"encoding/binary"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// A View is the memory that a walker is shown: what an unwinder may read of the interrupted machine's, and over it the
// pt_regs of an exception that is delivered by overlay, so that the machine itself is left alone.
type View struct {
	Access
	run *scenarios.Run
	mem *emu.Memory

	layout  unwind.RegsLayout
	low     uint64 // where the overlay begins; 0 without one
	overlay []byte // one of:
	regs    []byte // pt_regs
	record  []byte // the frame record of an SDEI event
	pc, fp  uint64 // of the interrupted context

	// Of the walk that is watched:
	watched   bool
	seen      []uint64 // addresses of the words that were read, but for those in the overlay
	told      int      // how many of them Seen has returned
	seenShown bool     // since Seen was asked last, a word was read that lies in the overlay, at least in part
	seenEdge  bool     // a word was read that lies in the overlay in part
}

// NewView makes a view of a run's memory.
func NewView(run *scenarios.Run, mem *emu.Memory) *View {
	return &View{
		run: run, mem: mem, Access: newAccess(run),
		layout: run.Kernel.Regs, regs: make([]byte, run.Kernel.Regs.Size), record: make([]byte, 16),
	}
}

// Memory is the machine's memory, without an overlay.
func (v *View) Memory() *emu.Memory { return v.mem }

// Word implements [unwind.Memory]. Where SP is misaligned, as while exception entry checks for an overflow, an
// overlay is too, and a word may lie in it and in the memory around it.
func (v *View) Word(addr uint64) (uint64, bool) {
	if v.low == 0 || addr+8 <= v.low || addr-v.low >= uint64(len(v.overlay)) && addr >= v.low {
		if v.watched {
			v.seen = append(v.seen, addr)
		}
		if !v.allows(addr) {
			return 0, false
		}
		return v.mem.Word(addr)
	}
	v.seenShown = true
	if off := addr - v.low; off+8 > off && off+8 <= uint64(len(v.overlay)) {
		return binary.LittleEndian.Uint64(v.overlay[off:]), true
	}
	v.seenEdge = true
	if !v.allows(addr) {
		return 0, false
	}
	word, ok := v.mem.Word(addr)
	for i := range uint64(8) {
		if off := addr + i - v.low; off < uint64(len(v.overlay)) {
			word = word&^(0xff<<(8*i)) | uint64(v.overlay[off])<<(8*i)
		}
	}
	return word, ok
}

// ReadBlock implements [unwind.BlockMemory].
func (v *View) ReadBlock(addr uint64, p []byte) bool {
	if v.watched || !v.allowsAll(addr, uint64(len(p))) {
		return unwind.ReadWords(v, addr, p)
	}
	if !v.mem.Read(addr, p) {
		return false
	}
	if v.low == 0 {
		return true
	}
	if off := v.low - addr; off < uint64(len(p)) {
		copy(p[off:], v.overlay)
	} else if off := addr - v.low; off < uint64(len(v.overlay)) {
		copy(p, v.overlay[off:])
	}
	return true
}

// Watch begins to note what a walk reads, until Clear.
func (v *View) Watch() {
	v.watched, v.seen, v.told, v.seenShown, v.seenEdge = true, v.seen[:0], 0, false, false
}

// Read returns the addresses of all words of the machine's memory that were read since Watch. ok is false if one of
// them was not what it is in memory, but in part in the overlay.
func (v *View) Read() (addrs []uint64, ok bool) { return v.seen, !v.seenEdge }

// Seen implements [unwind.Witness].
func (v *View) Seen() (addrs []uint64, shown bool) {
	addrs, shown = v.seen[v.told:], v.seenShown
	v.told, v.seenShown = len(v.seen), false
	return addrs, shown
}

// Shown implements [unwind.Witness].
func (v *View) Shown() (low, high uint64) {
	if v.low == 0 {
		return 0, 0
	}
	return v.low, v.low + uint64(len(v.overlay))
}

// interrupt lays the pt_regs of an exception over the memory from low on, as the exception entry code would write it:
// registers, and the metadata frame record. It returns the address of the record, at which the entry code's X29 points.
//
//	                     │ frames of the interrupted code   │
//	sp ────────────────► ├──────────────────────────────────┤ low + Size
//	                     │ …                                │
//	                     │ type: 2, FRAME_META_TYPE_PT_REGS │ low + FrameRecord + 16
//	                     │ 0    before 6.17: interrupted PC │ low + FrameRecord + 8
//	X29 of the entry ──► │ 0    before 6.17: interrupted X29│ low + FrameRecord
//	                     │ …                                │
//	                     │ pstate                           │ low + PC + 8
//	                     │ pc                               │ low + PC
//	                     │ sp                               │ low + SP
//	                     │ x30                              │ low + X30
//	                     │ x29                              │ low + X29
//	                     │ x0 to x28: zero, no unwinder     │
//	                     │ looks at them                    │
//	low ───────────────► └──────────────────────────────────┘
//
// SetPreMetadata chooses between the two records. The offsets are those of the kernel at hand ([unwind.RegsLayout]);
// the layout is struct pt_regs of arch/arm64/include/asm/ptrace.h, the record struct frame_record_meta of
// arch/arm64/include/asm/stacktrace/frame.h.
func (v *View) interrupt(low, pc, sp, fp, lr, pstate uint64) (record uint64) {
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

// event lays over the memory what is left of an SDEI event on its own stack, which ends at top: an ordinary frame
// record {X29, PC}, at whose address, which it returns, X29 points.
func (v *View) event(top, pc, fp uint64) (record uint64) {
	v.low, v.overlay = top-uint64(len(v.record)), v.record
	binary.LittleEndian.PutUint64(v.record, fp)
	binary.LittleEndian.PutUint64(v.record[8:], pc)
	return v.low
}

// SetPreMetadata makes the record in an overlay of pt_regs an ordinary one, or a metadata record.
func (v *View) SetPreMetadata(early bool) {
	pc, fp := v.pc, v.fp
	if !early {
		pc, fp = 0, 0
	}
	binary.LittleEndian.PutUint64(v.regs[v.layout.FrameRecord:], fp)
	binary.LittleEndian.PutUint64(v.regs[v.layout.FrameRecord+8:], pc)
}

// Clear takes the overlay away.
func (v *View) Clear() {
	v.low, v.outside = 0, false
	v.watched = false
}

var (
	_ unwind.Witness     = (*View)(nil)
	_ unwind.BlockMemory = (*View)(nil)
)
