// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"cmp"
	"fmt"
	"slices"
)

// A Problem is something in a section that is not as the specification wants it.
type Problem struct {
	Kind   Kind
	Offset int    // in bytes from the start of the section: of the field, or of the structure that is wrong as a whole
	FDE    int    // index of the FDE, or -1
	FRE    int    // index of the row in its FDE, or -1
	Text   string // what is wrong, in one line
}

// String puts the place before the text.
func (p Problem) String() string {
	place := "header"
	switch {
	case p.FRE >= 0:
		place = fmt.Sprintf("FDE %d row %d", p.FDE, p.FRE)
	case p.FDE >= 0:
		place = fmt.Sprintf("FDE %d", p.FDE)
	}
	return fmt.Sprintf("0x%x: %s: %s", p.Offset, place, p.Text)
}

// Kind is a class of problems, as a short name for filters and tests.
type Kind string

// The kinds of problems. From BadSize to BadSubsection they prevent the section from being read beyond its header.
const (
	BadSize       Kind = "size"          // shorter than a header
	BadMagic      Kind = "magic"         // not SFrame
	BadVersion    Kind = "version"       // unknown version
	BadABI        Kind = "abi"           // unknown ABI, or of the other byte order, or not of this version
	BadSubsection Kind = "subsection"    // a sub-section reaches outside the section or into the other
	BadLayout     Kind = "layout"        // bytes that belong to no sub-section or FDE
	BadFlags      Kind = "flags"         // flag that the version doesn't define
	BadFixed      Kind = "fixed-offset"  // fixed FP or RA offset that the ABI doesn't have
	BadCount      Kind = "count"         // number of FREs is not what the FDEs say
	BadReserved   Kind = "reserved"      // reserved bit or padding that is not 0
	BadType       Kind = "type"          // unknown FDE type or code for a width
	BadRepSize    Kind = "rep-size"      // size of the repeated block doesn't suit PC type or function
	BadRange      Kind = "range"         // function wraps around the end of the address space
	BadOverlap    Kind = "overlap"       // functions overlap
	BadOrder      Kind = "order"         // FDEs are not sorted although flagged so
	BadData       Kind = "data"          // rows reach outside the FRE sub-section, or overlap others
	BadRowOrder   Kind = "row-order"     // row starts are not strictly increasing
	BadRowStart   Kind = "row-start"     // row starts beyond its function or repeated block
	BadWords      Kind = "words"         // data words don't suit the ABI and FDE type
	BadNoRows     Kind = "no-rows"       // FDE without rows that doesn't describe an outermost frame
	BadTruncated  Kind = "not-all-shown" // rows that were not examined, see Verify
)

// Verify checks a section that is loaded at addr against the specification, and returns all that is wrong by
// increasing offset. Nothing wrong implies that [Decode] succeeds and that the section is canonical. What GNU as and ld
// write is harmless and not reported: functions of 0 bytes, rows that start right at the end of their function, and the
// size of a repeated block in an FDE whose rows are not mask rows.
//
// When the data of FDEs overlap, a few bytes can stand for billions of rows: once the rows examined exceed twice the
// FRE sub-section, the others are only reported as not examined ([BadTruncated]).
func Verify(data []byte, addr uint64) []Problem {
	h, fault := parseHeader(data)
	if fault != nil {
		return []Problem{*fault}
	}
	v := verifier{data: data, addr: addr, found: h.faults(len(data))}
	v.header = h
	if readable := len(v.found) == 0; readable || h.version >= V1 && h.version <= V3 {
		v.checkHeader()
		if readable {
			v.checkFDEs()
		}
	}
	slices.SortStableFunc(v.found, func(a, b Problem) int { return cmp.Compare(a.Offset, b.Offset) })
	return v.found
}

type verifier struct {
	header
	data    []byte
	addr    uint64
	found   []Problem
	fde     int
	fre     int
	extents []extent // of the data of each FDE in the FRE sub-section
	budget  int      // bytes of rows that may still be read
}

func (v *verifier) report(kind Kind, at int, format string, args ...any) {
	v.found = append(v.found,
		Problem{Kind: kind, Offset: at, FDE: v.fde, FRE: v.fre, Text: fmt.Sprintf(format, args...)})
}

// checkHeader reports what is wrong with the header but doesn't prevent reading.
func (v *verifier) checkHeader() {
	v.fde, v.fre = -1, -1
	if unknown := v.flags &^ flagsOf(v.version); unknown != 0 {
		v.report(BadFlags, 3, "flags 0x%x are not defined in version %d", uint8(unknown), uint8(v.version))
	}
	if v.version == V1 && v.abi == S390X {
		v.report(BadABI, 4, "s390x is not defined before version 2")
	}
	if v.abi == AMD64 {
		if v.fixedRA != -8 {
			v.report(BadFixed, 6, "fixed RA offset %d: on AMD64 the return address is stored at CFA-8", v.fixedRA)
		}
	} else if v.abi.known() {
		if v.fixedFP != 0 {
			v.report(BadFixed, 5, "fixed FP offset %d: on %v rows say where FP is saved", v.fixedFP, v.abi)
		}
		if v.fixedRA != 0 {
			v.report(BadFixed, 6, "fixed RA offset %d: on %v rows say where RA is saved", v.fixedRA, v.abi)
		}
	}
}

func (v *verifier) checkFDEs() {
	v.budget = 2 * int(v.freLen)
	starts := make([]uint64, v.numFDEs)
	sizes := make([]uint32, v.numFDEs)
	rows := uint64(0)
	for i := range starts {
		v.fde, v.fre = i, -1
		f, err := v.readFDE(v.data, i)
		starts[i], sizes[i] = v.start(v.data, v.addr, i), f.size
		if starts[i]+uint64(f.size) < starts[i] {
			v.report(BadRange, v.fdeAt(i), "function 0x%x of %d bytes wraps around the end of the address space",
				starts[i], f.size)
		}
		if err != nil {
			v.report(BadData, v.fdeAt(i), "data at 0x%x of the FRE sub-section, which has 0x%x bytes",
				f.freOff, v.freLen)
			continue
		}
		rows += uint64(f.numFREs)
		v.checkFDE(i, &f)
		v.checkRows(i, &f)
	}
	v.fde, v.fre = -1, -1
	if rows != uint64(v.numFREs) {
		v.report(BadCount, 12, "number of FREs is %d, but the FDEs have %d", v.numFREs, rows)
	}
	v.checkOrder(starts, sizes)
	v.checkLayout()
}

// checkFDE reports what is wrong with the fields of one descriptor.
func (v *verifier) checkFDE(i int, f *rawFDE) {
	at := v.fdeAt(i)
	info, rep := at+16, at+17
	if v.version == V3 {
		info, rep = v.freBase+int(f.freOff)+2, v.freBase+int(f.freOff)+4
	}
	reserved := uint8(infoReserved)
	if v.version < V3 {
		reserved |= infoSignal
	}
	if !v.abi.isAArch64() {
		reserved |= infoBKey
	}
	if bits := f.info & reserved; bits != 0 {
		v.report(BadReserved, info, "reserved bits 0x%x of the info byte are set", bits)
	}
	if bits := f.info2 & info2Reserved; bits != 0 {
		v.report(BadReserved, info+1, "reserved bits 0x%x of the second info byte are set", bits)
	}
	if v.version == V2 && (v.data[at+18] != 0 || v.data[at+19] != 0) {
		v.report(BadReserved, at+18, "padding is not 0")
	}
	if f.width() == 0 {
		v.report(BadType, info, "code %d for the width of row starts", f.info&infoWidth)
	}
	if f.fdeType() > Flexible {
		v.report(BadType, info+1, "FDE type %d", f.fdeType())
	}
	switch {
	case f.mask() && v.version > V1 && f.repSize == 0:
		v.report(BadRepSize, rep, "mask rows, but the repeated block has 0 bytes")
	case f.mask() && uint32(f.repSize) > f.size: // V1 has none
		v.report(BadRepSize, rep, "repeated block of %d bytes in a function of %d", f.repSize, f.size)
	}
	if f.numFREs == 0 && (v.version < V3 || f.fdeType() != Default) {
		v.report(BadNoRows, at, "no rows")
	}
}

// checkRows reports what is wrong with the rows of one FDE, and records where its data lie.
func (v *verifier) checkRows(i int, f *rawFDE) {
	first := v.freBase + int(f.freOff)
	at := f.rows
	defer func() { v.extents = append(v.extents, extent{first, at, i}) }()
	width := f.width()
	if width == 0 {
		return
	}
	end, what := f.size, "function"
	if f.mask() && v.version > V1 {
		end, what = uint32(f.repSize)-1, "repeated block" // a row at the very end of a block can't be reached
	}
	in := interpreter{version: v.version, abi: v.abi, fixedFP: v.fixedFP, fixedRA: v.fixedRA}
	var previous uint32
	var buf [maxWords]int32
	for j := range int(f.numFREs) {
		v.fre = j
		if v.budget <= 0 {
			v.report(BadTruncated, at, "%d rows overlap too many others, and were not examined", int(f.numFREs)-j)
			return
		}
		r, err := v.readFRE(v.data, at, width)
		switch {
		case err == errWordSize:
			v.report(BadType, at+width, "code 3 for the size of data words; the rows that follow can't be found")
			return
		case err != nil:
			v.report(BadData, at, "row reaches beyond the FRE sub-section's end 0x%x", v.freLimit)
			return
		}
		if j > 0 && r.start <= previous {
			v.report(BadRowOrder, at, "starts at +0x%x, not after the row before at +0x%x", r.start, previous)
		}
		if r.start > end && !(f.mask() && f.repSize == 0) {
			v.report(BadRowStart, at, "starts at +0x%x, beyond its %s", r.start, what)
		}
		words := v.readWords(buf[:0], v.data, r, f.fdeType())
		v.checkWords(at+width, r, f, &in, words)
		v.budget -= r.next - at
		previous, at = r.start, r.next
	}
	v.fre = -1
}

// checkWords reports what is wrong with the info byte (at the given offset) and the data words of a row.
func (v *verifier) checkWords(at int, r rawFRE, f *rawFDE, in *interpreter, words []int32) {
	if r.info&freMangled != 0 && !v.abi.isAArch64() {
		v.report(BadReserved, at, "row is marked as signed, which only AArch64 has")
	}
	if f.fdeType() > Flexible {
		return
	}
	var row Row
	if err := in.interpret(&row, Base(r.info&freBaseSP), words, f.fdeType()); err != nil {
		v.report(BadWords, at, "%d data words: %v", len(words), err)
	}
	if f.fdeType() != Flexible {
		return
	}
	control := true
	for k, w := range words {
		if control && w&4 != 0 {
			v.report(BadReserved, r.words+k*r.wordSize(), "reserved bit of control word 0x%x is set", uint32(w))
		}
		control = nextIsControl(control, w)
	}
}
