// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "fmt"

// An opcode is the first byte of a call frame instruction (DWARF 5, section 7.24). Where its two high bits aren't
// zero they are the opcode, and the low six bits its first operand.
type opcode uint8

const (
	cfaAdvanceLoc opcode = 0x40 // delta in the low bits
	cfaOffset     opcode = 0x80 // register in the low bits
	cfaRestore    opcode = 0xc0 // register in the low bits

	cfaNop              opcode = 0x00
	cfaSetLoc           opcode = 0x01
	cfaAdvanceLoc1      opcode = 0x02
	cfaAdvanceLoc2      opcode = 0x03
	cfaAdvanceLoc4      opcode = 0x04
	cfaOffsetExtended   opcode = 0x05
	cfaRestoreExtended  opcode = 0x06
	cfaUndefined        opcode = 0x07
	cfaSameValue        opcode = 0x08
	cfaRegister         opcode = 0x09
	cfaRememberState    opcode = 0x0a
	cfaRestoreState     opcode = 0x0b
	cfaDefCFA           opcode = 0x0c
	cfaDefCFARegister   opcode = 0x0d
	cfaDefCFAOffset     opcode = 0x0e
	cfaDefCFAExpression opcode = 0x0f
	cfaExpression       opcode = 0x10
	cfaOffsetExtendedSF opcode = 0x11
	cfaDefCFASF         opcode = 0x12
	cfaDefCFAOffsetSF   opcode = 0x13
	cfaValOffset        opcode = 0x14
	cfaValOffsetSF      opcode = 0x15
	cfaValExpression    opcode = 0x16

	// The vendor range, 0x1c to 0x3f. The same numbers mean other things on other architectures.
	cfaMIPSAdvanceLoc8            opcode = 0x1d // GNU tools know it everywhere
	cfaAArch64SetRAState          opcode = 0x2b
	cfaAArch64NegateRAStateWithPC opcode = 0x2c
	cfaAArch64NegateRAState       opcode = 0x2d
	cfaGNUArgsSize                opcode = 0x2e
	cfaGNUNegativeOffsetExtended  opcode = 0x2f
)

var opcodeNames = map[opcode]string{
	cfaAdvanceLoc: "advance_loc", cfaOffset: "offset", cfaRestore: "restore", cfaNop: "nop", cfaSetLoc: "set_loc",
	cfaAdvanceLoc1: "advance_loc1", cfaAdvanceLoc2: "advance_loc2", cfaAdvanceLoc4: "advance_loc4",
	cfaOffsetExtended: "offset_extended", cfaRestoreExtended: "restore_extended", cfaUndefined: "undefined",
	cfaSameValue: "same_value", cfaRegister: "register", cfaRememberState: "remember_state",
	cfaRestoreState: "restore_state", cfaDefCFA: "def_cfa", cfaDefCFARegister: "def_cfa_register",
	cfaDefCFAOffset: "def_cfa_offset", cfaDefCFAExpression: "def_cfa_expression", cfaExpression: "expression",
	cfaOffsetExtendedSF: "offset_extended_sf", cfaDefCFASF: "def_cfa_sf", cfaDefCFAOffsetSF: "def_cfa_offset_sf",
	cfaValOffset: "val_offset", cfaValOffsetSF: "val_offset_sf", cfaValExpression: "val_expression",
	cfaMIPSAdvanceLoc8: "MIPS_advance_loc8", cfaAArch64SetRAState: "AARCH64_set_ra_state",
	cfaAArch64NegateRAStateWithPC: "AARCH64_negate_ra_state_with_pc",
	cfaAArch64NegateRAState:       "AARCH64_negate_ra_state",
	cfaGNUArgsSize:                "GNU_args_size", cfaGNUNegativeOffsetExtended: "GNU_negative_offset_extended",
}

func (op opcode) String() string {
	if name, ok := opcodeNames[op]; ok {
		return "DW_CFA_" + name
	}
	return fmt.Sprintf("DW_CFA_%#02x", uint8(op))
}

// split returns an instruction's opcode and the operand in its first byte, if that has one.
func split(b uint8) (op opcode, operand uint8) {
	if high := opcode(b & 0xc0); high != 0 {
		return high, b & 0x3f
	}
	return opcode(b), 0
}
