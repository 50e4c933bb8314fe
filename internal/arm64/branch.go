// SPDX-License-Identifier: GPL-2.0-only

package arm64

// IsB reports whether a word is a B; IsBL a BL; IsBLR a BLR without authentication.
func IsB(word uint32) bool   { return word&BranchMask == B }
func IsBL(word uint32) bool  { return word&BranchMask == BL }
func IsBLR(word uint32) bool { return word&BLRMask == BLR }

// Branch encodes a [B] or [BL], op, at one address to another, which is within 128 MiB.
func Branch(op uint32, from, to uint64) uint32 { return op | uint32(int64(to-from)/4)&^BranchMask }

// Target returns where a B or BL at pc goes.
func Target(word uint32, pc uint64) uint64 { return pc + uint64(int64(int32(word<<6)>>6)*4) }

// FallsThrough reports whether control can go on to the next instruction: not after B, BR, RET and ERET, nor after BRK
// and UDF. Calls come back.
func FallsThrough(word uint32) bool {
	switch {
	case IsB(word):
		return false
	case word&0xfe000000 == 0xd6000000: // to a register; BLR and kin come back
		const link = 1 << 21
		return word&(7<<21) == link
	case IsBRK(word):
		return false
	}
	return word>>16 != 0 // UDF
}

// Reference returns the address that two instructions refer to: an ADRP at pc, and an ADD or LDR of the same register.
func Reference(pc uint64, adrp, next uint32) (addr uint64, ok bool) {
	if adrp&ADRPMask != ADRP || adrp&0x1f != next>>5&0x1f {
		return 0, false
	}
	pages := int64(int32(adrp<<8)>>13<<2|int32(adrp>>29&3)) << 12
	addr = pc&^0xfff + uint64(pages)
	offset := uint64(next >> 10 & 0xfff)
	switch next & ImmediateMask {
	case AddImmediate:
		return addr + offset, true
	case LoadImmediate:
		return addr + 8*offset, true
	}
	return 0, false
}
