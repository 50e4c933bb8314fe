// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"encoding/binary"
)

// countsFit reports whether the line table at an offset of .debug_line has bytes for all of its directories and files.
// The package debug/dwarf believes how many it announces, and goes on to count up to that where the data has long
// ended.
//
//	4 or 12  length of the rest
//	2        version; before 5 the lists end by themselves
//	1, 1     sizes of an address and of a segment selector
//	4 or 8   length of the rest of the header
//	6        minimum_instruction_length to opcode_base
//	…        opcode_base - 1 bytes, standard_opcode_lengths
//	1        number of pairs that say what an entry of a directory is made of
//	…        the pairs, two ULEB128 each: what it is, and its form
//	ULEB128  number of directories
//	…        the directories
//	…        the same for files
//
// This is DWARF 5, section 6.2.4.
func countsFit(section []byte, offset int64, order binary.ByteOrder) bool {
	if offset < 0 || offset > int64(len(section)) {
		return true // nothing is read
	}
	h := lineHeader{data: section[offset:], order: order, wide: 4}
	if length := h.number(4); length == 0xffffffff {
		h.wide = 8
		h.number(8)
	}
	if h.number(2) < 5 {
		return true
	}
	h.skip(2)
	h.skip(h.wide)
	h.skip(5)
	if opcodes := h.number(1); opcodes > 0 {
		h.skip(opcodes - 1)
	}
	for range 2 { // of directories, then of files
		if !h.entriesFit() {
			return false
		}
	}
	return true
}

// A lineHeader is what is left of the header of a line table.
type lineHeader struct {
	data   []byte
	order  binary.ByteOrder
	wide   uint64 // bytes of an offset
	broken bool   // a ULEB128 has more than 64 bits
}

// skip leaves out n bytes, or all that there are.
func (h *lineHeader) skip(n uint64) { h.data = h.data[min(n, uint64(len(h.data))):] }

// number reads a number of n bytes; 0 if there are fewer.
func (h *lineHeader) number(n uint64) (v uint64) {
	if uint64(len(h.data)) < n {
		h.data = nil
		return 0
	}
	switch n {
	case 1:
		v = uint64(h.data[0])
	case 2:
		v = uint64(h.order.Uint16(h.data))
	case 4:
		v = uint64(h.order.Uint32(h.data))
	case 8:
		v = h.order.Uint64(h.data)
	}
	h.skip(n)
	return v
}

// uleb reads a ULEB128; 0 if there is none.
func (h *lineHeader) uleb() uint64 {
	v, n := binary.Uvarint(h.data)
	h.broken = h.broken || n < 0
	if n <= 0 {
		h.data = nil
		return 0
	}
	h.skip(uint64(n))
	return v
}

// entriesFit goes past a list of directories or files, and reports whether each of its entries has bytes.
func (h *lineHeader) entriesFit() bool {
	var forms []uint64
	for range h.number(1) {
		h.uleb()
		forms = append(forms, h.uleb())
	}
	for range h.uleb() {
		left := len(h.data)
		for _, form := range forms {
			h.field(form)
		}
		if len(h.data) == left {
			return false
		}
	}
	return !h.broken
}

// The forms of the fields of an entry (DWARF 5, section 7.5.6) whose sizes aren't known otherwise.
const (
	formBlock   = 0x09
	formString  = 0x08
	formStrp    = 0x0e
	formUdata   = 0x0f
	formStrx    = 0x1a
	formStrpSup = 0x1d
	formLineStr = 0x1f
)

// formSizes are those of the other forms, in bytes. Any other takes nothing, as in debug/dwarf.
var formSizes = map[uint64]uint64{0x05: 2, 0x06: 4, 0x07: 8, 0x0b: 1, 0x1e: 16, 0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4}

// field goes past a field.
func (h *lineHeader) field(form uint64) {
	switch form {
	case formString:
		if end := bytes.IndexByte(h.data, 0); end >= 0 {
			h.skip(uint64(end) + 1)
		} else {
			h.data = nil
		}
	case formStrp, formLineStr, formStrpSup:
		h.skip(h.wide)
	case formUdata, formStrx:
		h.uleb()
	case formBlock:
		h.skip(h.uleb())
	default:
		h.skip(formSizes[form])
	}
}
