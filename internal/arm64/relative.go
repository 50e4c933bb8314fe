// SPDX-License-Identifier: GPL-2.0-only

package arm64

// IsLiteral reports whether an instruction loads, or prefetches, a literal next to the code: "Load register (literal)".
func IsLiteral(word uint32) bool { return word&0x3b000000 == 0x18000000 }

// Distance returns those bits of an instruction that hold a distance from the PC, 0 if it has none: those of branches,
// of ADR and ADRP, and of loads of literals. (Arm ARM, C4.1: "Branches, Exception generating and System instructions",
// "PC-rel. addressing", "Load register (literal)".)
func Distance(word uint32) uint32 {
	const imm26, imm19, imm14, immhiLo = 0x03ffffff, 0x00ffffe0, 0x0007ffe0, 0x60ffffe0
	switch {
	case word&0x7c000000 == 0x14000000: // B, BL
		return imm26
	case word&0xff000000 == 0x54000000: // B.cond, BC.cond
		return imm19
	case word&0x7e000000 == 0x34000000: // CBZ, CBNZ
		return imm19
	case word&0x7e000000 == 0x36000000: // TBZ, TBNZ
		return imm14
	case word&0x1f000000 == 0x10000000: // ADR, ADRP
		return immhiLo
	case IsLiteral(word):
		return imm19
	}
	return 0
}
