// SPDX-License-Identifier: GPL-2.0-only

package kernel

import "stacksweep/scenarios/guest"

// The stacks that a booted kernel would have allocated, each of Kernel.stackSize bytes, and one to run its unwinder on:
// the interrupted one must not change.
const (
	taskStack = iota
	irqStack
	walkStack
	eventStack  // for SDEI events, which only some scenarios have
	forkedStack // of a second task, the same
)

// stacksBase is where memory for stacks begins, and maxStack the largest for which there is room.
const (
	stacksBase = 0xffff8000a0000000
	maxStack   = 1 << 20
)

// stackAt returns the lowest address of a stack: the bit of SP that tells of an overflow is clear in it, and set in the
// room between it and the next.
//
//	stacksBase + 2 sizes   4 sizes      6 sizes      8 sizes
//	           +-----+-----+-----+------+-----+------+
//	           |task |     | room       |irq  | ...
//	           +-----+-----+-----+------+-----+------+
func (k *Kernel) stackAt(which uint64) uint64 { return stacksBase + (2+4*which)*k.stackSize }

// shadowCallsAt returns where the shadow call stack is that belongs to a stack: after all of these.
func (k *Kernel) shadowCallsAt(which uint64) uint64 {
	return k.stackAt(forkedStack) + (2+which)*k.stackSize
}

// stackSize returns the size of the kernel's stacks: its vectors test the bit of SP that tells of an overflow
// (kernel_ventry in arch/arm64/kernel/entry.S). It is the usual one if they don't.
func (l *layout) stackSize() uint64 {
	slot := l.Symbol("vectors") + guest.SlotIRQ
	for pc := slot; pc < slot+12*4; pc += 4 {
		if bit, ok := testedBit(l.insn(pc)); ok {
			return 1 << bit
		}
	}
	return guest.StackSize
}

// testedBit returns the bit that a TBNZ of X0 tests: its number is in bits 31 and 23:19.
func testedBit(word uint32) (bit uint32, ok bool) {
	const tbnzX0, mask = 0x37000000, 0x7f00001f
	return word>>31<<5 | word>>19&0x1f, word&mask == tbnzX0
}

// pageSize returns the size of the kernel's pages in bytes. A kernel without a symbol for it begins with its header.
func (l *layout) pageSize() uint64 {
	start, ok := l.lookup("_text")
	if !ok {
		start = l.image.Segments[0].Addr
	}
	header, _ := l.image.Bytes(start, headerSize)
	return pageSizeOf(header)
}

// headerSize is the size of the header that every arm64 Image begins with, and a vmlinux has at _text, in bytes.
const headerSize = 64

// pageSizeOf returns the size of pages in bytes that a header speaks of: 4 KiB unless it says otherwise
// (Documentation/arch/arm64/booting.rst).
//
//	24  flags: bits 1 and 2 are 1 for pages of 4 KiB, 2 for 16 KiB, 3 for 64 KiB
//	56  "ARM\x64"
func pageSizeOf(header []byte) uint64 {
	const flags, magic = 24, 56
	if len(header) == headerSize && string(header[magic:magic+4]) == "ARM\x64" {
		switch header[flags] >> 1 & 3 {
		case 2:
			return 16 << 10
		case 3:
			return 64 << 10
		}
	}
	return 4 << 10
}
