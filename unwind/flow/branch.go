// SPDX-License-Identifier: GPL-2.0-only

package flow

func decodeBranch(word uint32) inst {
	switch word >> 29 {
	case 0:
		return inst{op: opBranch, imm: signed(word, 25, 0) * 4}
	case 4:
		return inst{op: opCall, imm: signed(word, 25, 0) * 4}
	case 1, 5: // CBZ, CBNZ, TBZ, TBNZ
		if bit(word, 25) {
			return inst{op: opCond, imm: signed(word, 18, 5) * 4}
		}
		return inst{op: opCond, imm: signed(word, 23, 5) * 4}
	case 2: // B.cond, BC.cond
		if bit(word, 25) || bit(word, 24) {
			return inst{op: opInvalid}
		}
		if always := word&0xf >= 0xe; always {
			return inst{op: opBranch, imm: signed(word, 23, 5) * 4}
		}
		return inst{op: opCond, imm: signed(word, 23, 5) * 4}
	case 3, 7: // CB<cc>: compare and branch (FEAT_CMPBR)
		if bit(word, 25) {
			return inst{op: opInvalid}
		}
		return inst{op: opCond, imm: signed(word, 13, 5) * 4}
	}
	switch {
	case word>>25 == 0x6b:
		return decodeBranchRegister(word)
	case word>>24 == 0xd4:
		return decodeException(word)
	case word>>24 == 0xd5:
		return decodeSystem(word)
	}
	return inst{op: opInvalid}
}

func decodeBranchRegister(word uint32) inst {
	pac := word>>10&0x3f != 0
	switch word >> 21 & 0xf {
	case 0, 8:
		return inst{op: opJumpReg, rn: x(rn(word))}
	case 1, 9:
		return inst{op: opCallReg, rn: x(rn(word))}
	case 2:
		if pac {
			return inst{op: opReturnPAC, rn: regLR}
		}
		return inst{op: opReturn, rn: x(rn(word))}
	case 4:
		return inst{op: opEret}
	}
	return inst{op: opInvalid}
}

func decodeException(word uint32) inst {
	switch opc, ll := word>>21&7, word&3; {
	case opc == 0 && ll == 1:
		return inst{op: opSVC}
	case opc == 0 && ll >= 2:
		return inst{op: opSMC}
	case opc == 1 && ll == 0:
		return inst{op: opBreak}
	case opc == 2 && ll == 0:
		return inst{op: opStop} // HLT
	}
	return inst{op: opInvalid}
}

// decodeSystem decodes hints, barriers and accesses to system registers.
func decodeSystem(word uint32) inst {
	if word>>22 != 0x354 {
		return clobber(x(rd(word)), x(rd(word)|1)) // 128-bit system registers
	}
	if bit(word, 21) { // MRS, SYSL
		return clobber(x(rd(word)))
	}
	op0, op1, crn := word>>19&3, word>>16&7, word>>12&0xf
	if op0 == 0 && crn == 2 {
		return decodeHint(word >> 5 & 0x7f)
	}
	isSPSel := op0 == 0 && op1 == 0 && crn == 4 && word>>5&7 == 5 || op0 == 3 && op1 == 0 && crn == 4 &&
		word>>5&0x7f == 0x10
	if isSPSel {
		return clobber(regSP)
	}
	return inst{}
}

func decodeHint(hint uint32) inst {
	switch hint {
	case 7: // XPACLRI
		return inst{op: opStrip}
	case 25, 27: // PACIASP, PACIBSP
		return inst{op: opSign}
	case 29, 31: // AUTIASP, AUTIBSP
		return inst{op: opAuth}
	case 24, 26, 28, 30: // with the modifier 0
		return clobber(regLR)
	case 1, 3, 4, 5, 6, 8, 10, 12, 14: // YIELD … DGH; PACIA1716 and kin change X17
		if hint >= 8 {
			return clobber(17)
		}
	}
	return inst{}
}
