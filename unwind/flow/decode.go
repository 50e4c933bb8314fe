// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	mathbits "math/bits"

	"stacksweep/internal/arm64"
)

// decode classifies an instruction word. A register that may be a destination counts as one where newer encodings leave
// a doubt; vector registers are never taken for general ones.
func decode(word uint32) inst {
	switch word {
	case arm64.PushSCS:
		return inst{op: opPushSCS, clobbers: 1 << 18}
	case arm64.PopSCS:
		return inst{op: opPopSCS, clobbers: 1 << 18}
	}
	switch word >> 25 & 0xf { // the top-level table, field op0
	case 0x0:
		if word>>31 == 1 {
			return inst{} // SME: writes vectors, predicates and ZA
		}
		if word>>16 == 0 {
			return inst{op: opStop} // UDF
		}
		return inst{op: opInvalid}
	case 0x2:
		return decodeSVE(word)
	case 0x8, 0x9:
		return decodeImmediate(word)
	case 0xa, 0xb:
		return decodeBranch(word)
	case 0x4, 0x6, 0xc, 0xe:
		return decodeMemory(word)
	case 0x5, 0xd:
		return decodeRegister(word)
	case 0x7, 0xf:
		return decodeFP(word)
	}
	return inst{op: opInvalid}
}

func decodeImmediate(word uint32) inst {
	is64 := bit(word, 31)
	switch word >> 23 & 7 {
	case 0, 1:
		return inst{op: opAddress, rd: x(rd(word))}
	case 2: // ADD, SUB
		imm := int32(word >> 10 & 0xfff)
		if bit(word, 22) {
			imm <<= 12
		}
		if bit(word, 30) {
			imm = -imm
		}
		dst := sp(rd(word))
		if bit(word, 29) { // sets flags
			dst = x(rd(word))
		}
		if !is64 {
			return clobber(dst)
		}
		return inst{op: opAddImm, rd: dst, rn: sp(rn(word)), imm: imm}
	case 3: // ADDG, SUBG; minimum and maximum, which have no SP
		return clobber(sp(rd(word)))
	case 4: // logical
		opc := word >> 29 & 3
		if opc == 3 {
			return clobber(x(rd(word))) // ANDS
		}
		dst := sp(rd(word))
		if imm, ok := bitmask(word); ok && opc == 1 && rn(word) == 31 && is64 {
			return inst{op: opConst, rd: dst, imm: imm}
		}
		return clobber(dst)
	case 5: // MOVN, MOVZ, MOVK
		return decodeMoveWide(word)
	}
	return clobber(x(rd(word))) // bitfield, extract
}

func decodeMoveWide(word uint32) inst {
	dst, shift := x(rd(word)), word>>21&3*16
	imm := int64(word>>5&0xffff) << shift
	switch word >> 29 & 3 {
	case 0:
		imm = ^imm
		if !bit(word, 31) {
			imm = int64(uint32(imm))
		}
	case 2:
	case 3: // MOVK: which bits to replace is packed into imm
		if shift > 16 {
			return clobber(dst)
		}
		return inst{op: opInsert, rd: dst, imm: int32(word >> 5 & 0xffff), bytes: int32(shift)}
	default:
		return inst{op: opInvalid}
	}
	if imm != int64(int32(imm)) {
		return clobber(dst)
	}
	return inst{op: opConst, rd: dst, imm: int32(imm)}
}

// bitmask decodes the immediate of a 64-bit logical instruction when it is a number that a frame may have as its size:
// one run of ones in an element of 64 bits, within the low 31 bits.
func bitmask(word uint32) (int32, bool) {
	if !bit(word, 22) { // N: elements of less than 64 bits repeat
		return 0, false
	}
	immr, imms := int(word>>16&63), int(word>>10&63)
	if imms == 63 {
		return 0, false
	}
	v := mathbits.RotateLeft64(uint64(1)<<(imms+1)-1, -immr)
	return int32(v), v < 1<<31
}

func decodeRegister(word uint32) inst {
	dst, is64 := x(rd(word)), bit(word, 31)
	switch {
	case word>>24&0x1f == 0x0a: // logical, shifted register
		isMove := word>>29&3 == 1 && word&0x00e0fc00 == 0 && rn(word) == 31
		if isMove && is64 {
			return inst{op: opMove, rd: dst, rm: x(rm(word))}
		}
	case word>>24&0x1f == 0x0b && !bit(word, 21): // add, subtract, shifted register
		if is64 && word>>22&3 == 0 {
			return inst{op: opAddReg, rd: dst, rn: x(rn(word)), rm: x(rm(word)), imm: int32(word >> 10 & 63),
				negative: bit(word, 30)}
		}
	case word>>24&0x1f == 0x0b: // add, subtract, extended register
		if !bit(word, 29) {
			dst = sp(rd(word))
		}
		if isUXTX := word>>13&7 == 3; is64 && isUXTX {
			return inst{op: opAddReg, rd: dst, rn: sp(rn(word)), rm: x(rm(word)), imm: int32(word >> 10 & 7),
				negative: bit(word, 30)}
		}
	case word>>21&0xff == 0xd2: // conditional compare
		return inst{}
	case word>>21&0xff == 0xd0 && word>>10&0x3f != 0: // RMIF, SETF8, SETF16
		return inst{}
	case word>>21&0x3ff == 0x0d6 && word>>10&0x3f == 4: // IRG
		return clobber(sp(rd(word)))
	case word>>16&0x7fff == 0x5ac1: // pointer authentication
		return decodePAC(word)
	}
	return clobber(dst)
}

// decodePAC decodes the instructions that sign, authenticate and strip any register. For X30 with SP as the modifier
// they are another way to say PACIASP and kin.
func decodePAC(word uint32) inst {
	dst, onSP := x(rd(word)), rn(word) == 31
	if dst != regLR {
		return clobber(dst)
	}
	switch word >> 10 & 0x3f {
	case 0, 1: // PACIA, PACIB
		if onSP {
			return inst{op: opSign}
		}
	case 4, 5: // AUTIA, AUTIB
		if onSP {
			return inst{op: opAuth}
		}
	case 0x10: // XPACI
		return inst{op: opStrip}
	}
	return clobber(dst)
}

// decodeFP decodes scalar floating point and vector instructions: some move or convert to a general register.
func decodeFP(word uint32) inst {
	toGeneral := false
	switch {
	case word&0x5f20fc00 == 0x1e200000: // conversion between floating point and integer, FMOV
		opcode := word >> 16 & 7
		toGeneral = opcode != 2 && opcode != 3 && opcode != 7
	case word&0x5f200000 == 0x1e000000: // conversion between floating point and fixed point
		toGeneral = word>>16&7 < 2
	case word&0xbfe0d400 == 0x0e001400 || word&0xbfe0fc00 == 0x0e003c00: // SMOV, UMOV
		toGeneral = word>>11&5 == 5
	}
	if toGeneral {
		return clobber(x(rd(word)))
	}
	return inst{}
}

// decodeSVE decodes SVE: the instructions with a general register as their destination.
func decodeSVE(word uint32) inst {
	switch {
	case word&0xff20f000 == 0x04205000: // ADDVL, ADDPL, RDVL
		return clobber(sp(rd(word)))
	case word&0xff20e000 == 0x0420e000, // CNTB and kin, INCB and kin
		word&0xff30c000 == 0x25208000, // CNTP, INCP and kin
		word&0xff2ee000 == 0x0520a000: // LASTA, CLASTA and kin
		return clobber(x(rd(word)))
	}
	return inst{}
}
