// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"

	"stacksweep/scenarios"
)

// irqSlot is the offset, in exception vectors, of an interrupt that is taken in EL1 with its own stack pointer.
const irqSlot = 0x280

// interrupts makes it possible to take interrupts through the kernel's own vectors: there is a stack for them, and the
// interrupt controller's driver is a stub that does nothing.
func (b *builder) interrupts(irqStack uint64) {
	entry, err := scenarios.FindEntry(b.image, b.symbol("vectors")+irqSlot, "el1h_64_irq", "ret_to_kernel")
	if err != nil {
		b.layout.fail(err)
		return
	}
	entry.Handler, entry.Stack = b.symbol("stub_irq_handler"), scenarios.StackIRQ
	if b.meta {
		b.run.IRQ = entry
	} else {
		b.run.PreMetaIRQ = entry
	}
	b.run.ExceptionFrame = entry.Frame
	// The per-CPU variables are the ones that the Image begins with: TPIDR_EL1, their distance, is 0.
	b.setWord(b.variable("irq_stack_ptr", "call_on_irq_stack"), irqStack)
	b.setWord(b.variable("handle_arch_irq", "el1h_64_irq_handler"), entry.Handler)
}

// variable returns the address of a variable. Without symbols for data it is the first one that a function refers to.
func (b *builder) variable(name, user string) uint64 {
	if addr, ok := b.lookup(name); ok {
		return addr
	}
	f := b.function(user)
	for pc := f.Start; pc < f.End; pc += 4 {
		// The compiler puts other instructions between the two.
		for next := pc + 4; next < min(f.End, pc+5*4); next += 4 {
			if addr, ok := reference(pc, b.insn(pc), b.insn(next)); ok {
				return addr
			}
		}
	}
	b.layout.fail(fmt.Errorf("%s: %w: %s refers to no variable", b.image.Name, ErrUnsuitable, user))
	return 0
}

// reference returns the address that two instructions refer to: an ADRP, and an ADD or LDR of the same register.
func reference(pc uint64, adrp, next uint32) (addr uint64, ok bool) {
	if adrp&insnADRPMask != insnADRP || adrp&0x1f != next>>5&0x1f {
		return 0, false
	}
	pages := int64(int32(adrp<<8)>>13<<2|int32(adrp>>29&3)) << 12
	addr = pc&^(pageSize-1) + uint64(pages)
	offset := uint64(next >> 10 & 0xfff)
	switch next & insnImmediateMask {
	case insnADD:
		return addr + offset, true
	case insnLDR:
		return addr + 8*offset, true
	}
	return 0, false
}
