// SPDX-License-Identifier: GPL-2.0-only

package arm64

// An Access is memory that an instruction reads.
type Access struct {
	Addr uint64
	Size uint64 // bytes
}

// SP is the number by which Load asks for the stack pointer; those below are X0 to X30.
const SP = 31

// Load returns what a word reads from memory when it is executed at pc, given the registers before. Of an access by two
// registers it is both. Instructions that write, too, such as CAS and LDADD, read; PRFM reads nothing. Loads through
// signed pointers (LDRAA, LDRAB) are left out: their address isn't in the register.
//
// The encodings are those of the Arm ARM, C4.1.94, "Loads and Stores".
func Load(word uint32, pc uint64, register func(n int) uint64) (Access, bool) {
	base := func() uint64 { return register(field(word, 5, 5)) }
	switch {
	case word&0x3f000000 == 0x08000000:
		if size, ok := exclusive(word); ok {
			return Access{base(), size}, true
		}
	case word&0x3f200c00 == 0x19000000: // LDAPUR
		if loads(word) {
			return Access{base() + signed(word, 12, 9), 1 << (word >> 30)}, true
		}
	case word&0x3b000000 == 0x18000000: // literal
		if opc := word >> 30; vector(word) || opc < 3 {
			size := map[bool][]uint64{false: {4, 8, 4}, true: {4, 8, 16, 0}}[vector(word)][opc]
			return Access{pc + signed(word, 5, 19)*4, size}, size != 0
		}
	case word&0x3a000000 == 0x28000000:
		return pair(word, base)
	case word&0x3b000000 == 0x39000000: // unsigned offset
		if loads(word) {
			return Access{base() + uint64(field(word, 10, 12))<<scale(word), 1 << scale(word)}, true
		}
	case word&0x3b000000 == 0x38000000:
		return single(word, base, register)
	case word&0xbe000000 == 0x0c000000: // Advanced SIMD structures
		if size, ok := structure(word); ok {
			return Access{base(), size}, true
		}
	}
	return Access{}, false
}

// field is n bits of a word, from bit at on.
func field(word uint32, at, n int) int { return int(word >> at & (1<<n - 1)) }

// signed is the same with a sign, as what is added to an address.
func signed(word uint32, at, n int) uint64 { return uint64(int64(int32(word<<(32-at-n)) >> (32 - n))) }

func vector(word uint32) bool { return word&(1<<26) != 0 }

// scale is the binary logarithm of the size of what one register holds.
func scale(word uint32) int {
	if vector(word) && field(word, 22, 2) >= 2 {
		return 4
	}
	return field(word, 30, 2)
}

// loads reports whether the opc field of a word with one register says that it reads.
func loads(word uint32) bool {
	size, opc := field(word, 30, 2), field(word, 22, 2)
	if vector(word) {
		return opc == 1 || opc == 3 && size == 0
	}
	return opc == 1 || opc == 2 && size < 3 || opc == 3 && size < 2
}

// exclusive is how much a word of the exclusive and ordered accesses, or of CAS, reads.
func exclusive(word uint32) (size uint64, ok bool) {
	log, load := field(word, 30, 2), field(word, 22, 1) == 1
	switch ordered, two := field(word, 23, 1) == 1, field(word, 21, 1) == 1; {
	case ordered && two: // CAS
		return 1 << log, true
	case two && log < 2: // CASP of 4 or 8 bytes each
		return 2 * 4 << log, true
	case two: // LDXP
		return 2 << log, load
	}
	return 1 << log, load
}

func pair(word uint32, base func() uint64) (Access, bool) {
	const load, post = 1 << 22, 1
	opc := field(word, 30, 2)
	size := uint64(4) << opc
	if !vector(word) {
		size = []uint64{4, 4, 8, 0}[opc]
	}
	if word&load == 0 || size == 0 || opc == 3 {
		return Access{}, false
	}
	addr := base()
	if field(word, 23, 2) != post {
		addr += signed(word, 15, 7) * size
	}
	return Access{addr, 2 * size}, true
}

// single is a word with one register and an offset of nine bits or in a register, or an atomic operation.
func single(word uint32, base func() uint64, register func(int) uint64) (Access, bool) {
	size := uint64(1) << scale(word)
	switch mode := field(word, 10, 2); {
	case field(word, 21, 1) == 0:
		if !loads(word) {
			return Access{}, false
		}
		const post = 1
		addr := base()
		if mode != post {
			addr += signed(word, 12, 9)
		}
		return Access{addr, size}, true
	case mode == 0: // LDADD, SWP, LDAPR ...: all of them read
		return Access{base(), size}, !vector(word)
	case mode == 2 && loads(word):
		offset, shift := uint64(0), field(word, 12, 1)*scale(word)
		if m := field(word, 16, 5); m != SP { // here 31 is XZR
			offset = register(m)
		}
		switch field(word, 13, 3) {
		case 2: // UXTW
			offset = uint64(uint32(offset))
		case 6: // SXTW
			offset = uint64(int64(int32(offset)))
		}
		return Access{base() + offset<<shift, size}, true
	}
	return Access{}, false
}

// structure is how much LD1 to LD4 read, of whole registers or of one lane.
func structure(word uint32) (size uint64, ok bool) {
	if field(word, 22, 1) == 0 {
		return 0, false
	}
	if field(word, 24, 1) == 0 {
		registers := map[int]uint64{0: 4, 2: 4, 4: 3, 6: 3, 7: 1, 8: 2, 10: 2}[field(word, 12, 4)]
		return registers * 8 << field(word, 30, 1), registers != 0
	}
	lanes := uint64(field(word, 21, 1) + 2*field(word, 13, 1) + 1)
	log := field(word, 14, 2)
	switch {
	case log == 2 && field(word, 10, 1) == 1:
		log = 3
	case log == 3: // replicated into all lanes
		log = field(word, 10, 2)
	}
	return lanes << log, true
}
