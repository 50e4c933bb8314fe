// SPDX-License-Identifier: GPL-2.0-only

package unwind

// A Layout is what an unwinder knows of its kernel: the layouts, code ranges and tables of the image under test. It
// holds data only. What reads the hooks and the tables lives in the packages below this one.
type Layout struct {
	Regs RegsLayout

	Graph           *GraphLayout // nil: no function graph tracer
	ReturnToHandler Range        // the whole routine; its first address is what traced functions return to

	Kretprobe           *KretprobeLayout // nil: no kretprobes
	KretprobeTrampoline uint64           // what probed functions return to

	SFrame Table // nil: no SFrame tables
	CFI    Table // nil: no DWARF call frame information

	// PACMask has the bits set that pointer authentication may occupy in a kernel address; stripping sets them.
	PACMask uint64
}

// A Range is a range of addresses [Start, End).
type Range struct{ Start, End uint64 }

// Contains reports whether addr lies in the range.
func (r Range) Contains(addr uint64) bool { return addr >= r.Start && addr < r.End }

// Holds reports whether [addr, addr+size) lies wholly in the range.
func (r Range) Holds(addr, size uint64) bool { return r.Contains(addr) && r.End-addr >= size }

// A Table maps the address of an interrupted instruction to the row of unwind information that holds there. The
// instruction has not been executed yet. The Failure has one of the reasons NoTable (no row covers pc), Outermost (the
// row says that there is no caller) and UnsupportedRule (the row is malformed, or beyond what a [Row] can say).
type Table interface {
	Row(pc uint64) (Row, Failure)
}

// A Row says where the caller's registers are, as far as a kernel's unwinder can use it. Offsets are in bytes from the
// CFA, the value of SP at the call.
type Row struct {
	FromFP  bool  // the CFA is X29 + CFA, otherwise SP + CFA
	CFA     int64 // offset
	RASaved bool  // the return address is at CFA + RA, otherwise in X30
	RA      int64
	FPSaved bool // the caller's X29 is at CFA + FP, otherwise in X29
	FP      int64
}
