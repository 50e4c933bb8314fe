// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
	"stacksweep/unwind/sframe"
)

// A Kernel is what the unwinder was compiled into: layouts, trampolines and tables of the image under test.
type Kernel struct {
	Regs RegsLayout

	Graph           *fgraph.Layout // nil: no function graph tracer
	ReturnToHandler Range          // the whole routine; its first address is what traced functions return to

	Kretprobe           *kretprobe.Layout // nil: no kretprobes
	KretprobeTrampoline uint64

	SFrame *sframe.Table // nil: no tables
	CFI    *cfi.Info     // nil: no call frame information

	// PACMask has the bits set that pointer authentication may occupy in a kernel address; stripping sets them.
	PACMask uint64
}

// A Range is a range of addresses [Start, End).
type Range struct{ Start, End uint64 }

// Contains reports whether addr lies in the range.
func (r Range) Contains(addr uint64) bool { return addr >= r.Start && addr < r.End }

// RegsLayout is the layout of struct pt_regs, offsets and size in bytes (arch/arm64/include/asm/ptrace.h).
type RegsLayout struct {
	Size        uint64
	X29, X30    uint64
	SP, PC      uint64
	FrameRecord uint64 // the frame record, or metadata record, that the exception entry makes the top of the chain
}

// Types of a metadata frame record {0, 0, type} (arch/arm64/include/asm/stacktrace/frame.h).
const (
	MetaFinal  = 1 // the outermost: only valid in the task's own pt_regs
	MetaPtRegs = 2 // inside the pt_regs of an exception
)

const (
	recordSize = 16 // {fp, lr}
	metaSize   = 24 // {0, 0, type}
)
