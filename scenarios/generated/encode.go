// SPDX-License-Identifier: GPL-2.0-only

package generated

import "stacksweep/internal/arm64"

// Registers by number. 31 is SP where a base or the destination of ADD and SUB is meant.
const (
	x0, x9, x19, fp, lr, sp = 0, 9, 19, 29, 30, 31
)

// Instructions without operands.
const (
	ret     = arm64.RET
	retaa   = arm64.RETAA
	paciasp = arm64.PACIASP
	autiasp = arm64.AUTIASP
)

// Rt and its kin are register numbers; offsets and amounts are in bytes.

func addImm(rd, rn, imm uint32) uint32 { return arm64.AddImmediate | imm<<10 | rn<<5 | rd }
func subImm(rd, rn, imm uint32) uint32 { return 0xd1000000 | imm<<10 | rn<<5 | rd }
func movz(rd, imm uint32) uint32       { return arm64.MovX0 | imm<<5 | rd }
func mov(rd, rm uint32) uint32         { return 0xaa0003e0 | rm<<16 | rd }

// subSP is sub sp, sp, rm.
func subSP(rm uint32) uint32 { return 0xcb2063ff | rm<<16 }

func str(rt, rn, offset uint32) uint32 { return 0xf9000000 | offset/8<<10 | rn<<5 | rt }
func ldr(rt, rn, offset uint32) uint32 { return arm64.LoadImmediate | offset/8<<10 | rn<<5 | rt }

func pair(op, rt, rt2 uint32, offset int32) uint32 {
	return op | uint32(offset/8)&0x7f<<15 | rt2<<10 | sp<<5 | rt
}

func stp(rt, rt2 uint32, offset int32) uint32     { return pair(0xa9000000, rt, rt2, offset) }
func ldp(rt, rt2 uint32, offset int32) uint32     { return pair(0xa9400000, rt, rt2, offset) }
func stpPre(rt, rt2 uint32, amount int32) uint32  { return pair(0xa9800000, rt, rt2, -amount) }
func ldpPost(rt, rt2 uint32, amount int32) uint32 { return pair(0xa8c00000, rt, rt2, amount) }

// Branches; distances are in instructions from the branch.

func b(distance int) uint32               { return arm64.Branch(arm64.B, 0, uint64(4*distance)) }
func bl(distance int) uint32              { return arm64.Branch(arm64.BL, 0, uint64(4*distance)) }
func cbz(rt uint32, n int) uint32         { return 0xb4000000 | uint32(n)&0x7ffff<<5 | rt }
func cbnz(rt uint32, distance int) uint32 { return 0xb5000000 | uint32(distance)&0x7ffff<<5 | rt }
