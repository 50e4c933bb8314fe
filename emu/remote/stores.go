// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"stacksweep/emu"
	"stacksweep/internal/arm64"
)

// A span is memory that an instruction may store to: elements of size bytes each, next to each other.
type span struct {
	addr     uint64
	size     int // of an element, at most 8
	elements int
	maybe    bool // it stores all of it or, as an exclusive or a compare-and-swap may, nothing
}

func (s *span) bytes() int { return s.size * s.elements }

// field returns bits high to low of an instruction.
func field(word uint32, high, low int) uint32 { return word >> low & (1<<(high-low+1) - 1) }

func signed(value uint32, bits int) uint64 {
	return uint64(int64(uint64(value)<<(64-bits)) >> (64 - bits))
}

// base is the value of the register that an address is made of: 31 is SP.
func base(word uint32, r *emu.Regs) uint64 {
	if n := field(word, 9, 5); n != 31 {
		return r.X[n]
	}
	return r.SP
}

// index is the value of a general register: 31 is zero.
func index(n uint32, r *emu.Regs) uint64 {
	if n == 31 {
		return 0
	}
	return r.X[n]
}

// elements makes a span of n accesses of size bytes, of which the recording has pieces of at most 8.
func elements(addr uint64, size, n int) span {
	if size > 8 {
		n, size = n*(size/8), 8
	}
	return span{addr: addr, size: size, elements: n}
}

// storesOf tells what memory an instruction may store to, from its word and the registers before it. known is false if
// the word doesn't tell; what the instruction has done must then be found by comparing memory.
//
// It follows the encoding tables of loads and stores in the Arm Architecture Reference Manual (DDI 0487, C4.1.94 "Loads
// and Stores"). No instruction stores to more than one span.
func storesOf(word uint32, r *emu.Regs, zeroBlock uint64) (s span, known bool) {
	switch {
	case word&0xffffffe0 == 0xd50b7420: // DC ZVA
		if zeroBlock == 0 {
			return s, false
		}
		return elements(index(word&31, r)&^(zeroBlock-1), 8, int(zeroBlock/8)), true
	case field(word, 28, 25) == 2: // SVE; bits 31:29 of stores are 111
		return s, field(word, 31, 29) != 7
	case word>>25&5 != 4: // not among loads and stores; SME is reserved there
		return s, field(word, 28, 25) != 0 || word>>31 == 0
	}
	switch field(word, 29, 27) {
	case 5:
		return pair(word, r), true
	case 7:
		return single(word, r)
	case 3:
		return unscaledOrdered(word, r)
	case 1:
		if field(word, 26, 26) == 1 {
			return structure(word, r), true
		}
		return exclusive(word, r), true
	}
	return s, false
}

// pair: LDP, STP and their kin.
func pair(word uint32, r *emu.Regs) span {
	if field(word, 22, 22) == 1 {
		return span{}
	}
	opc, simd := field(word, 31, 30), field(word, 26, 26) == 1
	size, scale := 4, uint64(4)
	switch {
	case simd:
		size = 4 << opc
		scale = uint64(size)
	case opc == 2:
		size, scale = 8, 8
	case opc == 1: // STGP
		size, scale = 8, 16
	}
	addr := base(word, r)
	if field(word, 24, 23) != 1 { // not post-indexed
		addr += signed(field(word, 21, 15), 7) * scale
	}
	return elements(addr, size, 2)
}

// single: loads and stores of one register, and the atomics.
func single(word uint32, r *emu.Regs) (s span, known bool) {
	size, opc, simd := 1<<field(word, 31, 30), field(word, 23, 22), field(word, 26, 26) == 1
	stores := opc == 0
	if simd && opc == 2 { // 128 bits
		stores, size = field(word, 31, 30) == 0, 16
	}
	addr := base(word, r)
	if field(word, 24, 24) == 1 {
		addr += uint64(field(word, 21, 10)) * uint64(size)
		return ifStores(stores, addr, size), true
	}
	if field(word, 21, 21) == 0 {
		if field(word, 11, 10) != 1 { // not post-indexed
			addr += signed(field(word, 20, 12), 9)
		}
		return ifStores(stores, addr, size), true
	}
	switch field(word, 11, 10) {
	case 2:
		return ifStores(stores, addr+extended(word, r, size), size), true
	case 0:
		return atomic(word, r, size)
	}
	return s, true // LDRAA, LDRAB
}

func ifStores(stores bool, addr uint64, size int) span {
	if !stores {
		return span{}
	}
	return elements(addr, size, 1)
}

// extended is the offset of the register form.
func extended(word uint32, r *emu.Regs, size int) uint64 {
	offset := index(field(word, 20, 16), r)
	switch field(word, 15, 13) {
	case 2: // UXTW
		offset = uint64(uint32(offset))
	case 6: // SXTW
		offset = uint64(int64(int32(offset)))
	}
	if field(word, 12, 12) == 1 {
		offset *= uint64(size)
	}
	return offset
}

// atomic: LDADD and its kin, SWP; LDAPR only loads. ST64B and LD64B are told by comparing.
func atomic(word uint32, r *emu.Regs, size int) (s span, known bool) {
	if field(word, 26, 26) == 1 {
		return s, true
	}
	if opc := field(word, 14, 12); field(word, 15, 15) == 1 && opc != 0 {
		return s, opc == 4
	}
	return elements(base(word, r), size, 1), true
}

// unscaledOrdered: STLUR, and what else is there: memory copies and tags.
func unscaledOrdered(word uint32, r *emu.Regs) (s span, known bool) {
	if field(word, 24, 24) == 0 { // load literal
		return s, true
	}
	if field(word, 21, 21) == 0 && field(word, 11, 10) == 0 && field(word, 26, 26) == 0 {
		return ifStores(field(word, 23, 22) == 0, base(word, r)+signed(field(word, 20, 12), 9), 1<<field(word, 31, 30)),
			true
	}
	return s, false
}

// exclusive: STXR, STXP, STLR, CAS, CASP and their kin.
func exclusive(word uint32, r *emu.Regs) span {
	size := 1 << field(word, 31, 30)
	ordered, load, second := field(word, 23, 23) == 1, field(word, 22, 22) == 1, field(word, 21, 21) == 1
	addr := base(word, r)
	var s span
	switch {
	case ordered && second: // CAS
		s = elements(addr, size, 1)
		s.maybe = true
	case ordered:
		return ifStores(!load, addr, size)
	case second && size < 4: // CASP: bit 30 is the size
		s = elements(addr, 4<<field(word, 30, 30), 2)
		s.maybe = true
	case load:
	case second: // STXP
		s = elements(addr, size, 2)
		s.maybe = true
	default:
		s = elements(addr, size, 1)
		s.maybe = true
	}
	return s
}

// structure: ST1 to ST4.
func structure(word uint32, r *emu.Regs) span {
	if field(word, 22, 22) == 1 {
		return span{}
	}
	if field(word, 24, 24) == 0 { // of whole registers
		n := map[uint32]int{0: 4, 2: 4, 4: 3, 6: 3, 7: 1, 8: 2, 10: 2}[field(word, 15, 12)]
		return elements(base(word, r), 1, n*8<<field(word, 30, 30))
	}
	size := 1 << field(word, 15, 14)
	if size == 4 && field(word, 10, 10) == 1 {
		size = 8
	}
	n := int(field(word, 13, 13)<<1|field(word, 21, 21)) + 1
	return elements(base(word, r), size, n)
}

// computesLR reports whether an instruction puts a result into X30 that is neither loaded nor the link of a call: data
// processing, immediate (C4.1.92) or of registers (C4.1.95).
func computesLR(word uint32) bool {
	immediate, registers := field(word, 28, 26) == 4, field(word, 27, 25) == 5
	return (immediate || registers) && field(word, 4, 0) == 30
}

// loadsLR reports whether an instruction loads X30: LDP, or LDR and its kin (C4.1.94).
func loadsLR(word uint32) bool {
	isLoad := field(word, 27, 27) == 1 && field(word, 25, 25) == 0 && field(word, 26, 26) == 0 &&
		field(word, 22, 22) == 1
	isPair := field(word, 29, 27) == 5
	return isLoad && (field(word, 4, 0) == 30 || isPair && field(word, 14, 10) == 30)
}

// signsLR reports whether an instruction signs, authenticates or strips X30, which may be left as it was: XPACLRI,
// PACIAZ to AUTIBSP. "Hints", C4.1.93: the number is in bits 11:5.
func signsLR(word uint32) bool {
	const mask = 0xfffff01f // of what is the same in all hints, of which NOP is number 0
	number := field(word, 11, 5)
	return word&mask == arm64.NOP && (number == 7 || number >= 24 && number <= 31)
}

// transferOf tells what an instruction does to the call stack, if it isn't cut short by an exception.
//
// "Branches, Exception Generating and System instructions", C4.1.93: 1101 011 opc 11111 op3 Rn op4.
func transferOf(word uint32) (kind emu.TransferKind, ok bool) {
	if word>>26 == 0x25 { // BL
		return emu.Call, true
	}
	if word>>25 != 0x6b || field(word, 20, 16) != 31 {
		return 0, false
	}
	switch field(word, 24, 21) {
	case 0, 8: // BR and its authenticating forms
		return emu.Jump, true
	case 1, 9: // BLR and its authenticating forms
		return emu.Call, true
	case 2: // RET, RETAA, RETAB
		return emu.Return, true
	case 4: // ERET, ERETAA, ERETAB
		return emu.ExceptionReturn, true
	}
	return 0, false
}

// successors tells where an instruction leads if no exception cuts it short: two addresses, which may be the same.
// known is false if a register tells.
func successors(word uint32, pc uint64) (to [2]uint64, known bool) {
	next := pc + 4
	switch {
	case word>>25 == 0x6b: // to a register's address, and ERET
		return to, false
	case word>>26&0x1f == 5: // B, BL
		target := pc + signed(field(word, 25, 0), 26)*4
		return [2]uint64{target, target}, true
	case word>>25 == 0x2a, word>>25&0x3f == 0x1a: // B.cond, CBZ, CBNZ
		return [2]uint64{next, pc + signed(field(word, 23, 5), 19)*4}, true
	case word>>25&0x3f == 0x1b: // TBZ, TBNZ
		return [2]uint64{next, pc + signed(field(word, 18, 5), 14)*4}, true
	case word>>24 == 0xd4: // SVC, HVC, BRK and their kin: the handler may go on elsewhere
		return to, false
	case word>>25&0x3f == 0x3a, word>>29 == 2 && word>>25&0xf == 0xa: // compare and branch of later versions
		return to, false
	}
	return [2]uint64{next, next}, true
}
