// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"fmt"

	"stacksweep/internal/arm64"
	"stacksweep/scenarios/guest"
)

// setStaticCall makes a static call go to a function, as static_call_update does. Where the kernel has trampolines for
// them, as with kCFI, each jumps through a constant of its own (arch/arm64/include/asm/static_call.h):
//
//	__SCT__NAME:  bti   c
//	              adrp  x16, target
//	              ldr   x16, [x16, #:lo12:target]
//	              br    x16
func (b *builder) setStaticCall(name string, function uint64) {
	trampoline := b.Symbol("__SCT__" + name)
	for pc := trampoline; pc < trampoline+16; pc += 4 {
		if addr, ok := arm64.Reference(pc, b.insn(pc), b.insn(pc+4)); ok {
			b.SetWord(addr, function)
			b.SetWord(b.Symbol("__SCK__"+name), function)
			return
		}
	}
	b.Fail(fmt.Errorf("%s: %w: __SCT__%s doesn't jump through a constant", b.image.Name, guest.ErrUnsuitable, name))
}

// setStaticKey switches a static key on or off, as static_branch_enable and static_branch_disable do, and patches all
// places where it is asked. The kernel has a table of them (struct jump_entry, include/linux/jump_label.h):
//
//	┌──────────────────┬──────────────────┬───────────────────────────────┐
//	│ code, 4 bytes    │ target, 4 bytes  │ key, 8 bytes                  │
//	└──────────────────┴──────────────────┴───────────────────────────────┘
//
// Each is relative to its own place. Bit 0 of the key says that it is the key that is off which branches.
func (b *builder) setStaticKey(name string, on bool) {
	const entrySize, branchesIfOff, flags = 16, 1, 3
	key, at, end := b.Symbol(name), b.Symbol("__start___jump_table"), b.Symbol("__stop___jump_table")
	enabled := uint32(0)
	if on {
		enabled = 1
	}
	b.SetWord32(key, enabled)
	for ; at+entrySize <= end; at += entrySize {
		entry, ok := b.image.Bytes(at, entrySize)
		if !ok {
			b.Fail(fmt.Errorf("%s: %w: it holds no jump table", b.image.Name, guest.ErrUnsuitable))
			return
		}
		relative := func(off uint64) uint64 {
			return at + off + uint64(int64(int32(binary.LittleEndian.Uint32(entry[off:]))))
		}
		of := at + 8 + binary.LittleEndian.Uint64(entry[8:])
		if of&^flags != key {
			continue
		}
		site, word := relative(0), uint32(arm64.NOP)
		if on != (of&branchesIfOff != 0) {
			word = arm64.Branch(arm64.B, site, relative(4))
		}
		b.SetWord32(site, word)
	}
}
