// SPDX-License-Identifier: GPL-2.0-only

// Package arm64 knows instruction words of AArch64 (Arm Architecture Reference Manual, chapter C6.2): those that are
// looked for in code or written into it, how branches are encoded, and where control goes after an instruction. A word
// is 32 bits, little-endian in memory.
package arm64

// Instructions without operands, or with those that are wanted.
const (
	NOP      = 0xd503201f
	RET      = 0xd65f03c0 // ret x30
	RETAA    = 0xd65f0bff
	ERET     = 0xd69f03e0
	PACIASP  = 0xd503233f
	PACIBSP  = 0xd503237f
	AUTIASP  = 0xd50323bf
	MovX9X30 = 0xaa1e03e9 // mov x9, x30: what a traced function begins with
	MovX0    = 0xd2800000 // mov x0, #0
	Unmask   = 0xd5034fff // msr daifclr, #0xf
	ISB      = 0xd5033fdf
	DSB      = 0xd5033f9f // dsb sy
	SB       = 0xd50330ff
	WFE      = 0xd503205f
	WFI      = 0xd503207f

	// A shadow call stack grows upwards from where X18 points (arch/arm64/include/asm/scs.h; clang's and gcc's
	// -fsanitize=shadow-call-stack).
	PushSCS = 0xf800865e // str x30, [x18], #8
	PopSCS  = 0xf85f8e5e // ldr x30, [x18, #-8]!
)

// BTI is a landing pad; what may branch to it is in the bits that BTIMask leaves out.
const (
	BTI     = 0xd503241f
	BTIC    = 0xd503245f
	BTIMask = 0xffffff3f
)

// B and BL have the distance in words in the bits that BranchMask leaves out.
const (
	B          = 0x14000000
	BL         = 0x94000000
	BranchMask = 0xfc000000
)

// BLR has the register in bits 9:5.
const (
	BLR     = 0xd63f0000
	BLRMask = 0xfffffc1f
)

// BRK and the calls of a higher exception level have their operand in the bits that OperandMask leaves out: bits 20:5.
const (
	BRK         = 0xd4200000
	SVC         = 0xd4000001
	HVC         = 0xd4000002
	SMC         = 0xd4000003
	OperandMask = 0xffe0001f
)

// Operands of BRK in the kernel (arch/arm64/include/asm/brk-imm.h).
const (
	BRKKprobe     = BRK | 0x4<<5   // in place of a probed instruction
	BRKKprobeStep = BRK | 0x6<<5   // after the copy of that instruction
	BRKBug        = BRK | 0x800<<5 // WARN and BUG
)

// What refers to a variable: ADRP has pages in bits 30:29 (low) and 23:5 (high); ADD and LDR, 64-bit and not shifted,
// have an immediate in bits 21:10.
const (
	ADR           = 0x10000000
	ADRP          = 0x90000000
	ADRPMask      = 0x9f000000
	AddImmediate  = 0x91000000
	LoadImmediate = 0xf9400000
	ImmediateMask = 0xffc00000
)

// IsBTI reports whether a word is a landing pad.
func IsBTI(word uint32) bool { return word&BTIMask == BTI }

// IsBRK reports whether a word is a BRK, with any operand.
func IsBRK(word uint32) bool { return word&OperandMask == BRK }
