// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"

	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
)

// interrupts makes it possible to take interrupts through the kernel's own vectors: there is a stack for them, and the
// interrupt controller's driver is a stub that does nothing.
func (b *builder) interrupts(irqStack uint64) {
	entry, err := guest.FindEntry(b.image, b.Symbol("vectors")+guest.SlotIRQ, "el1h_64_irq", "ret_to_kernel")
	if err != nil {
		b.Fail(err)
		return
	}
	entry.Handler, entry.Stack = b.Symbol("stub_irq_handler"), scenarios.StackIRQ
	b.typed(entry.Handler, "default_handle_irq", "gic_handle_irq")
	if b.meta {
		b.run.IRQ = entry
	} else {
		b.run.PreMetaIRQ = entry
	}
	b.run.ExceptionFrame = entry.Frame
	// The per-CPU variables are the ones that the Image begins with: TPIDR_EL1, their distance, is 0.
	b.SetWord(b.variable("irq_stack_ptr", "call_on_irq_stack"), irqStack)
	b.SetWord(b.variable("handle_arch_irq", "el1h_64_irq_handler"), entry.Handler)
}

// handleBy makes a stub the handler of interrupts.
func (b *builder) handleBy(stub string) {
	entry := &b.run.IRQ
	if !b.meta {
		entry = &b.run.PreMetaIRQ
	}
	entry.Handler = b.Symbol(stub)
	b.SetWord(b.variable("handle_arch_irq", "el1h_64_irq_handler"), entry.Handler)
}

// variable returns the address of a variable. Without symbols for data it is the first one that a function refers to.
func (b *builder) variable(name, user string) uint64 {
	if addr, ok := b.lookup(name); ok {
		return addr
	}
	f := b.Object(user)
	for pc := f.Start; pc < f.End; pc += 4 {
		// The compiler puts other instructions between the two.
		for next := pc + 4; next < min(f.End, pc+5*4); next += 4 {
			if addr, ok := arm64.Reference(pc, b.insn(pc), b.insn(next)); ok {
				return addr
			}
		}
	}
	b.Fail(fmt.Errorf("%s: %w: %s refers to no variable", b.image.Name, ErrUnsuitable, user))
	return 0
}
