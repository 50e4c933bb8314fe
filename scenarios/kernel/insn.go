// SPDX-License-Identifier: GPL-2.0-only

package kernel

import "encoding/binary"

// Instructions that are looked for or written (Arm ARM, C6.2).
const (
	insnB            = 0x14000000 // b, with the distance in words in the low 26 bits
	insnBL           = 0x94000000 // bl, the same
	insnBranchMask   = 0xfc000000
	insnBRK          = 0xd4200000 // brk
	insnBRKImmediate = 0x001fffe0 // its operand
	insnWarn         = 0xd4210000 // brk #0x800: WARN and BUG
	insnNOP          = 0xd503201f // nop; a landing pad is of the same class
	insnMovX9X30     = 0xaa1e03e9 // mov x9, x30
	insnBLR          = 0xd63f0000 // blr, with the register in bits 9:5
	insnPACIASP      = 0xd503233f // paciasp

	insnADRP          = 0x90000000 // adrp: pages in bits 30:29 (low) and 23:5 (high)
	insnADRPMask      = 0x9f000000
	insnADD           = 0x91000000 // add of an immediate, 64-bit, not shifted
	insnLDR           = 0xf9400000 // ldr with an immediate offset, 64-bit
	insnImmediateMask = 0xffc00000
)

// branch encodes a B or BL.
func branch(insn uint32, from, to uint64) uint32 { return insn | uint32(int64(to-from)/4)&0x3ffffff }

// insn returns the instruction at pc.
func (l *layout) insn(pc uint64) uint32 {
	m, ok := l.image.Bytes(pc, 4)
	if !ok {
		return 0
	}
	return binary.LittleEndian.Uint32(m)
}
