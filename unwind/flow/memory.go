// SPDX-License-Identifier: GPL-2.0-only

package flow

func decodeMemory(word uint32) inst {
	isVector := bit(word, 26)
	switch word >> 27 & 7 {
	case 5:
		return decodePair(word, isVector)
	case 7:
		return decodeSingle(word, isVector)
	case 3:
		if !bit(word, 24) { // literal
			if isVector || word>>30 == 3 {
				return inst{}
			}
			return clobber(x(rd(word)))
		}
		return decodeTagsAndCopies(word, isVector)
	}
	if isVector {
		return decodeStructures(word)
	}
	return decodeExclusive(word)
}

// decodePair decodes LDP, STP and their kin.
func decodePair(word uint32, isVector bool) inst {
	opc, isLoad := word>>30, bit(word, 22)
	scale := int32(4) << (opc >> 1)
	isTagged := !isVector && opc == 1 && !isLoad // STGP: two registers of 64 bits, and a tag
	imm := signed(word, 21, 15)
	regs := uint8(0)
	switch {
	case isVector:
		scale = 4 << opc
		imm *= scale
	case isTagged:
		scale, regs = 8, 2
		imm *= 16
	default:
		imm *= scale
		if opc == 2 {
			regs = 2
		}
	}
	in := inst{op: opStore, rd: x(rd(word)), rm: x(rt2(word)), rn: sp(rn(word)), regs: regs, bytes: 2 * scale, imm: imm}
	if isLoad {
		in.op = opLoad
		if !isVector && regs == 0 {
			in.clobbers = bitOf(in.rd) | bitOf(in.rm)
		}
	}
	switch word >> 23 & 3 {
	case 1:
		in.mode = modePost
	case 3:
		in.mode = modePre
	}
	return in
}

// decodeSingle decodes LDR, STR and their kin, and the atomics.
func decodeSingle(word uint32, isVector bool) inst {
	size, opc := word>>30, word>>22&3
	in := inst{op: opStore, rd: x(rd(word)), rn: sp(rn(word)), bytes: 1 << size}
	switch {
	case isVector:
		if opc&2 != 0 {
			in.bytes = 16
		}
		if opc&1 != 0 {
			in.op = opLoad
		}
	case size == 3 && opc == 2: // PRFM; with a writing back form there is none
		return inst{}
	default:
		if opc != 0 {
			in.op = opLoad
		}
		if size == 3 {
			in.regs = 1
		} else if in.op == opLoad {
			in.clobbers = bitOf(in.rd)
		}
	}
	if bit(word, 24) {
		in.imm = int32(word>>10&0xfff) * in.bytes
		return in
	}
	if !bit(word, 21) {
		in.imm = signed(word, 20, 12)
		switch word >> 10 & 3 {
		case 1:
			in.mode = modePost
		case 3:
			in.mode = modePre
		}
		return in
	}
	switch word >> 10 & 3 {
	case 2: // register offset
		in.mode = modeFar
		return in
	case 0:
		return decodeAtomic(word, isVector)
	}
	if isVector {
		return inst{}
	}
	in = clobber(x(rd(word))) // LDRAA, LDRAB
	if bit(word, 11) {
		in.clobbers |= bitOf(sp(rn(word)))
	}
	return in
}

// decodeAtomic decodes load-op-store, SWP, LDAPR and the accesses of 64 bytes.
func decodeAtomic(word uint32, isVector bool) inst {
	if isVector {
		return inst{}
	}
	store := inst{op: opStore, rd: regZR, rn: sp(rn(word)), bytes: 1 << (word >> 30)}
	switch opc := word >> 12 & 7; {
	case bit(word, 15) && opc == 4: // LDAPR
		return clobber(x(rd(word)))
	case bit(word, 15) && opc == 5: // LD64B
		return inst{clobbers: 0xff << rd(word) &^ (1 << regSP)}
	case bit(word, 15) && opc == 1: // ST64B
		store.bytes = 64
		return store
	case bit(word, 15) && opc != 0: // ST64BV: the status goes to the third register
		store.bytes = 64
		store.clobbers = bitOf(x(rm(word)))
		return store
	}
	store.clobbers = bitOf(x(rd(word)))
	return store
}

// decodeExclusive decodes exclusive and ordered accesses and compare-and-swap.
func decodeExclusive(word uint32) inst {
	status, first, second := x(rm(word)), x(rd(word)), x(rt2(word))
	isLoad, isOrdered, isPair := bit(word, 22), bit(word, 23), bit(word, 21)
	store := inst{op: opStore, rd: regZR, rn: sp(rn(word)), bytes: 1 << (word >> 30)}
	switch {
	case bit(word, 24): // newer ones: any of the fields may be a destination
		in := clobber(status, first, second)
		return in
	case isPair && (isOrdered || !bit(word, 31)): // CAS; CASP
		store.clobbers = bitOf(status)
		if !isOrdered {
			store.clobbers |= 1 << (status + 1&31) &^ (1 << regSP)
			store.bytes = 8 << (word >> 30 & 1)
		}
		return store
	case isLoad && isPair:
		return clobber(first, second)
	case isLoad:
		return clobber(first)
	case isOrdered: // STLR
		return store
	}
	store.clobbers = bitOf(status) // STXR, STXP
	if isPair {
		store.bytes *= 2
	}
	return store
}

// decodeTagsAndCopies decodes memory tags, memory copy and set (MOPS), and the ordered accesses with an offset.
func decodeTagsAndCopies(word uint32, isVector bool) inst {
	low := word >> 10 & 3
	if word>>24 == 0xd9 && bit(word, 21) { // tags
		isLoad := low == 0 && word>>22&3 != 0
		in := inst{op: opStore, rd: regZR, rn: sp(rn(word)), imm: signed(word, 20, 12) * 16}
		switch {
		case isLoad: // LDG, LDGM
			return clobber(x(rd(word)))
		case low == 0: // STZGM
			return inst{}
		case low == 1:
			in.mode = modePost
		case low == 3:
			in.mode = modePre
		}
		if bit(word, 22) { // STZG, STZ2G: zeros are stored
			in.bytes = 16 << (word >> 23 & 1)
		}
		return in
	}
	switch {
	case low == 1 && !bit(word, 21): // CPY*, SET*
		return clobber(x(rd(word)), x(rn(word)), x(rm(word)))
	case low == 0 && !bit(word, 21) || isVector: // LDAPUR, STLUR
		in := inst{op: opStore, rd: x(rd(word)), rn: sp(rn(word)), bytes: 1 << (word >> 30), imm: signed(word, 20, 12)}
		if isVector {
			in.bytes = 16
			return in
		}
		if opc := word >> 22 & 3; opc != 0 {
			in.op = opLoad
			in.clobbers = bitOf(in.rd)
		} else if word>>30 == 3 {
			in.regs = 1
		}
		return in
	}
	return clobber(x(rd(word)), x(rt2(word)), sp(rn(word))) // LDIAPP, STILP and kin
}

// decodeStructures decodes LD1 to LD4 and ST1 to ST4, whose base may be stepped by what they access.
func decodeStructures(word uint32) inst {
	in := inst{op: opStore, rd: regZR, rn: sp(rn(word)), bytes: structureBytes(word)}
	if bit(word, 22) {
		in.op = opLoad
	}
	if bit(word, 23) {
		in.mode, in.imm = modePost, in.bytes
		if rm(word) != 31 { // stepped by a register
			in.mode = modeFar
			in.clobbers = bitOf(in.rn)
		}
	}
	return in
}

// structureBytes is how many bytes a structure load or store accesses.
func structureBytes(word uint32) int32 {
	if !bit(word, 24) { // multiple structures
		registers := [16]int32{0: 4, 2: 4, 4: 3, 6: 3, 7: 1, 8: 2, 10: 2}[word>>12&0xf]
		if bit(word, 30) {
			return 16 * registers
		}
		return 8 * registers
	}
	elements := int32(word>>13&1<<1|word>>21&1) + 1
	size := word >> 10 & 3
	switch word >> 14 & 3 {
	case 0:
		size = 0
	case 1:
		size = 1
	case 2: // of 4 bytes, or with the lowest bit of size of 8
		size = 2 + size&1
	}
	return elements << size
}
