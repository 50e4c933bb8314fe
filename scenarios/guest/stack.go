// SPDX-License-Identifier: GPL-2.0-only

package guest

import "stacksweep/unwind"

// StackSize is the usual size of a kernel stack in bytes: KASAN and larger pages make others. Stacks lie at places
// aligned to twice as much, as with the kernel's VMAP_STACK: here bit 14 of SP tells an overflow.
//
//	base + 32 KiB  +----------------+
//	               | (unmapped)     |  bit 14 is set: SP has overflowed the next stack
//	               +----------------+
//	               | a page that SP |
//	               | may point to   |
//	base + 16 KiB  +----------------+  High, without a shift
//	               | shift          |
//	               +----------------+  High: where SP starts
//	               | stack, growing |
//	               | downwards      |  bit 14 is clear
//	base           +----------------+  Low
const StackSize = 16 << 10

// PreemptOn is a preempt count of zero with no reschedule due: the upper half is inverted
// (arch/arm64/include/asm/preempt.h).
const PreemptOn = 1 << 32

// PACMask has the bits that a pointer authentication code takes in a kernel address, with the reset value of TCR_EL1:
// all above the 48 bits of the address, but for bit 55, which says which half of the address space it is (Arm ARM,
// pseudocode AddPAC and CalculateBottomPACBit).
const PACMask = 0xff7f_0000_0000_0000

// MapStack makes memory for a stack, and a page more, so that a look at what SP points to finds something at the top,
// too. A shift lowers the top: above it, bit 14 of SP would tell of an overflow.
func (m *Memory) MapStack(name string, base, size, shift uint64) unwind.Stack {
	m.Map(name, base, size+PageSize)
	return unwind.Stack{Name: name, Low: base, High: base + size - shift}
}

// Bottom returns the lowest address of a stack of size bytes as a kernel computes it, whose code finds the top by
// adding the size. With a shift it lies that much below the stack's memory.
func Bottom(s unwind.Stack, size uint64) uint64 { return s.High - size }

// Readable lists the ranges that hold the stacks.
func Readable(stacks []unwind.Stack) []unwind.Range {
	var all []unwind.Range
	for _, s := range stacks {
		all = append(all, unwind.Range{Start: s.Low, End: s.High})
	}
	return all
}
