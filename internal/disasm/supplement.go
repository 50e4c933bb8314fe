// SPDX-License-Identifier: GPL-2.0-only

package disasm

import "fmt"

// A pattern is an instruction that golang.org/x/arch does not decode, or shows as a bare hint number
// (Arm Architecture Reference Manual for A-profile, C4.1 and C6.2).
type pattern struct {
	mask, bits uint32
	text       func(word uint32) string
}

func fixed(text string) func(uint32) string { return func(uint32) string { return text } }

// x names a general register; 31 is xzr.
func x(n uint32) string {
	if n&31 == 31 {
		return "xzr"
	}
	return fmt.Sprintf("x%d", n&31)
}

// xsp names a general register; 31 is sp.
func xsp(n uint32) string {
	if n&31 == 31 {
		return "sp"
	}
	return x(n)
}

// one shows an instruction with the register in bits 5–9; two one with that register and a modifier in bits 0–4.
func one(mnemonic string) func(uint32) string {
	return func(w uint32) string { return mnemonic + " " + x(w>>5) }
}
func two(mnemonic string) func(uint32) string {
	return func(w uint32) string { return fmt.Sprintf("%s %s, %s", mnemonic, x(w>>5), xsp(w)) }
}

// pac shows a pointer authentication instruction with a destination in bits 0–4 and a modifier in bits 5–9.
func pac(mnemonic string) func(uint32) string {
	return func(w uint32) string { return fmt.Sprintf("%s %s, %s", mnemonic, x(w), xsp(w>>5)) }
}

// atomic shows a load-op-store: the operand in bits 16–20, the old value in 0–4, the address in 5–9.
func atomic(op string) func(uint32) string {
	return func(w uint32) string {
		order := [...]string{"", "l", "a", "al"}[w>>22&3]
		size := [...]string{"b", "h", "", ""}[w>>30]
		reg := func(n uint32) string {
			if w>>30 == 3 {
				return x(n)
			}
			return "w" + x(n)[1:]
		}
		return fmt.Sprintf("%s%s%s %s, %s, [%s]", op, order, size, reg(w>>16), reg(w), xsp(w>>5))
	}
}

const exact = 0xffffffff

var supplement = []pattern{
	{exact, 0xd503201f, fixed("nop")},
	{exact, 0xd503233f, fixed("paciasp")},
	{exact, 0xd50323bf, fixed("autiasp")},
	{exact, 0xd503237f, fixed("pacibsp")},
	{exact, 0xd50323ff, fixed("autibsp")},
	{exact, 0xd503231f, fixed("paciaz")},
	{exact, 0xd503239f, fixed("autiaz")},
	{exact, 0xd503211f, fixed("pacia1716")},
	{exact, 0xd503219f, fixed("autia1716")},
	{exact, 0xd50320ff, fixed("xpaclri")},
	{exact, 0xd503241f, fixed("bti")},
	{exact, 0xd503245f, fixed("bti c")},
	{exact, 0xd503249f, fixed("bti j")},
	{exact, 0xd50324df, fixed("bti jc")},
	{exact, 0xd5033fff, fixed("sb")},
	{exact, 0xd65f0bff, fixed("retaa")},
	{exact, 0xd65f0fff, fixed("retab")},
	{exact, 0xd69f0bff, fixed("eretaa")},
	{exact, 0xd69f0fff, fixed("eretab")},
	{0xfffffc1f, 0xd63f081f, one("blraaz")},
	{0xfffffc1f, 0xd63f0c1f, one("blrabz")},
	{0xfffffc00, 0xd73f0800, two("blraa")},
	{0xfffffc00, 0xd73f0c00, two("blrab")},
	{0xfffffc1f, 0xd61f081f, one("braaz")},
	{0xfffffc00, 0xd71f0800, two("braa")},
	{0xfffffc00, 0xdac10000, pac("pacia")},
	{0xfffffc00, 0xdac10400, pac("pacib")},
	{0xfffffc00, 0xdac11000, pac("autia")},
	{0xfffffc00, 0xdac11400, pac("autib")},
	{0xffffffe0, 0xdac143e0, func(w uint32) string { return "xpaci " + x(w) }},
	{0xffe0fc00, 0x9ac03000, func(w uint32) string {
		return fmt.Sprintf("pacga %s, %s, %s", x(w), x(w>>5), xsp(w>>16))
	}},
	{0x3f20fc00, 0x38200000, atomic("ldadd")},
	{0x3f20fc00, 0x38201000, atomic("ldclr")},
	{0x3f20fc00, 0x38202000, atomic("ldeor")},
	{0x3f20fc00, 0x38203000, atomic("ldset")},
	{0x3f20fc00, 0x38208000, atomic("swp")},
}
