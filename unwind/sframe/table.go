// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
)

// Rules say by whose rules a section is read. The zero value is the specification: any version and ABI, unsorted
// sections too.
type Rules struct {
	// Kernel reads as the kernel does (series "unwind, arm64: add sframe unwinder for kernel", version 6): V3 for
	// AArch64 with FuncStartPCRel, without auxiliary header and not empty; no flexible FDEs; a function start outside
	// the text is an error; a binary search that trusts the order of the FDEs, but fails where it sees it contradicted;
	// and a saved RA or FP at offset 0 from the CFA counts as not saved. Outermost frames, in either encoding, are
	// errors, because the reader asks for a CFA before it looks whether there is one.
	Kernel bool

	// Module, by the kernel's rules, sorts the FDEs as is done when a module is loaded. Without it, a section that is
	// not flagged as sorted answers every lookup with [ErrUnsorted].
	Module bool

	// Outermost, by the kernel's rules, reports outermost frames as such instead of as errors.
	Outermost bool

	// TextStart and TextEnd bound, by the kernel's rules, where functions may start: TextStart ≤ start < TextEnd. Both
	// 0: no bound.
	TextStart, TextEnd uint64
}

// A Table finds rows by program counter. It may be used by several goroutines at once.
type Table struct {
	header
	data  []byte
	rules Rules
	funcs []function                     // in the order that is searched
	trust bool                           // funcs is known to be sorted
	index index                          // of funcs, when they are sorted
	read  []atomic.Pointer[functionRows] // of funcs, by Row
}

// A function is what a search needs to know of an FDE.
type function struct {
	start  uint64 // address
	size   uint32 // in bytes
	freOff uint32 // of its data, from the start of the FRE sub-section
	fde    int32  // index of the FDE
}

func compareStarts(a, b function) int { return cmp.Compare(a.start, b.start) }

// NewTable prepares lookups in s by the rules of the specification. Later changes to s have no effect on the table.
func NewTable(s *Section) (*Table, error) {
	data, err := s.Encode()
	if err != nil {
		return nil, err
	}
	return OpenTable(data, s.Addr, Rules{})
}

// OpenTable prepares lookups in a section that is loaded at addr. It checks the header and that the sub-sections lie in
// the data; the data of an FDE are checked by the lookups that read them, as in the kernel. The table refers to data,
// which must not be changed while the table is in use.
func OpenTable(data []byte, addr uint64, rules Rules) (*Table, error) {
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if rules.Kernel {
		if err := acceptedByKernel(&h); err != nil {
			return nil, err
		}
	}
	t := &Table{header: h, data: data, rules: rules, funcs: make([]function, h.numFDEs),
		read: make([]atomic.Pointer[functionRows], h.numFDEs)}
	for i := range t.funcs {
		size, freOff := h.readIndex(data, i)
		t.funcs[i] = function{h.start(data, addr, i), size, freOff, int32(i)}
	}
	t.trust = slices.IsSortedFunc(t.funcs, compareStarts)
	if !t.trust && (!rules.Kernel || rules.Module) {
		slices.SortStableFunc(t.funcs, compareStarts)
		t.trust = true
	}
	if t.trust {
		t.index = newIndex(t.funcs)
	}
	return t, nil
}

// acceptedByKernel checks what the kernel's reader of headers checks beyond what anyone must.
func acceptedByKernel(h *header) error {
	switch {
	case h.version != V3:
		return fmt.Errorf("%w by the kernel: version %d at 0x2", ErrUnsupported, uint8(h.version))
	case h.flags&FuncStartPCRel == 0:
		return fmt.Errorf("%w by the kernel: function starts relative to the section (flags 0x%x at 0x3)",
			ErrUnsupported, uint8(h.flags))
	case !h.abi.isAArch64():
		return fmt.Errorf("%w by the kernel: %v at 0x4", ErrUnsupported, h.abi)
	case h.auxLen != 0:
		return fmt.Errorf("%w by the kernel: auxiliary header of %d bytes at 0x7", ErrUnsupported, h.auxLen)
	case h.numFDEs == 0 || h.numFREs == 0:
		return fmt.Errorf("%w by the kernel: %d FDEs and %d FREs at 0x8", ErrUnsupported, h.numFDEs, h.numFREs)
	}
	return nil
}

// Len returns the number of FDEs.
func (t *Table) Len() int { return len(t.funcs) }

// Lookup returns the row for the instruction at address pc: of the last function that starts at or before pc, the last
// row that starts at or before it. Where functions overlap, the others are not searched.
//
// [ErrNoFDE], [ErrNoRow] and [ErrUnsorted] are returned as they are; other errors wrap [ErrMalformed] or
// [ErrUnsupported] and name the FDE. On an error the row is zero. Lookup doesn't allocate except to compose such an
// error.
func (t *Table) Lookup(pc uint64) (Row, error) {
	i, err := t.find(pc)
	if err != nil {
		return Row{}, err
	}
	start := t.funcs[i].start
	offset := pc - start
	f, err := t.descriptor(i)
	if err != nil {
		return Row{}, t.inFDE(i, err)
	}
	for offset >= uint64(f.size) {
		// GNU as describes empty functions too. Only the kernel lets one hide a function that starts where it does.
		if t.rules.Kernel || i == 0 || t.funcs[i-1].start != start {
			return Row{}, ErrNoFDE
		}
		i--
		if f, err = t.descriptor(i); err != nil {
			return Row{}, t.inFDE(i, err)
		}
	}
	row := Row{FDEStart: start, FDESize: f.size, BKey: f.info&infoBKey != 0, Signal: t.version == V3 &&
		f.info&infoSignal != 0}
	switch err := t.row(&row, &f, uint32(offset)); err {
	case nil:
		return row, nil
	case ErrNoRow:
		return Row{}, err
	default:
		return Row{}, t.inFDE(i, err)
	}
}

// inFDE puts into an error which FDE is wrong, and where it is.
func (t *Table) inFDE(i int, err error) error {
	fde := int(t.funcs[i].fde)
	return fmt.Errorf("FDE %d at 0x%x: %w", fde, t.fdeAt(fde), err)
}

// descriptor reads the descriptor of function i, counted in the order that is searched.
func (t *Table) descriptor(i int) (rawFDE, error) {
	fn := &t.funcs[i]
	f := rawFDE{size: fn.size, freOff: fn.freOff}
	if t.rules.Kernel && !t.inText(fn.start) {
		return f, errOutsideText
	}
	err := t.readAttr(&f, t.data, int(fn.fde))
	return f, err
}

func (t *Table) inText(start uint64) bool {
	r := &t.rules
	return r.TextStart == 0 && r.TextEnd == 0 || start >= r.TextStart && start < r.TextEnd
}

// find returns the index in funcs of the last function that starts at or before pc.
func (t *Table) find(pc uint64) (int, error) {
	if t.rules.Kernel && !t.rules.Module && t.flags&FDESorted == 0 {
		return 0, ErrUnsorted
	}
	if !t.trust {
		return t.findUntrusted(pc)
	}
	i := t.index.find(t.funcs, pc)
	if i < 0 {
		return 0, ErrNoFDE
	}
	return i, nil
}

// findUntrusted searches as the kernel does in a section whose FDEs may not be in the order that its flag promises.
// What it finds then depends on the exact sequence of probes.
func (t *Table) findUntrusted(pc uint64) (int, error) {
	low, high, found := 0, len(t.funcs)-1, -1
	lowest, highest := uint64(0), ^uint64(0)
	for low <= high {
		mid := low + (high-low)/2
		start := t.funcs[mid].start
		if pc >= start {
			if start < lowest {
				return 0, errCrossed
			}
			lowest, found, low = start, mid, mid+1
		} else {
			if start > highest {
				return 0, errCrossed
			}
			highest, high = start, mid-1
		}
	}
	if found < 0 {
		return 0, ErrNoFDE
	}
	return found, nil
}

// row finds and interprets the row for an offset into the function.
func (t *Table) row(row *Row, f *rawFDE, offset uint32) error {
	if f.fdeType() > Flexible || t.rules.Kernel && f.fdeType() != Default {
		return errFDEType
	}
	width := f.width()
	if width == 0 {
		return errWidth
	}
	if f.mask() {
		var err error
		if offset, err = t.maskOffset(f, offset); err != nil {
			return err
		}
	}
	if f.numFREs == 0 && t.version == V3 && f.fdeType() == Default {
		if t.rules.Kernel && !t.rules.Outermost {
			return errOutermost
		}
		row.setOutermost()
		return nil
	}
	var found rawFRE
	at := f.rows
	for i := range f.numFREs {
		r, err := t.readFRE(t.data, at, width)
		switch {
		case err != nil:
			return err
		case !f.mask() && r.start > f.size:
			return errBeyond
		case i > 0 && r.start <= found.start:
			return errRowOrder
		}
		if r.start > offset {
			break
		}
		found, at = r, r.next
	}
	if found.next == 0 {
		return ErrNoRow
	}
	row.Start, row.Mangled = found.start, found.info&freMangled != 0
	if found.count() == 0 && t.rules.Kernel && !t.rules.Outermost {
		return errOutermost
	}
	var buf [maxWords]int32
	words := t.readWords(buf[:0], t.data, found, f.fdeType())
	in := interpreter{version: t.version, abi: t.abi, fixedFP: t.fixedFP, fixedRA: t.fixedRA, kernel: t.rules.Kernel}
	return in.interpret(row, Base(found.info&freBaseSP), words, f.fdeType())
}

// maskOffset reduces an offset into a function that repeats a block to an offset into the block. Program counters are
// counted from the start of the function, as libsframe and the kernel do: the specification's PC modulo block size
// is the same for functions that are aligned to it.
func (t *Table) maskOffset(f *rawFDE, offset uint32) (uint32, error) {
	switch {
	case t.version == V1 && f.numFREs > 1:
		return 0, errMaskV1
	case t.version == V1:
		return 0, nil
	case f.repSize == 0 && t.rules.Kernel:
		return offset, nil // what a remainder by 0 gives on arm64
	case f.repSize == 0:
		return 0, errRepSize
	default:
		return offset % uint32(f.repSize), nil
	}
}
