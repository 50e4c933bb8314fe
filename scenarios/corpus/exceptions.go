// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"fmt"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// exceptions says how exceptions are taken in the corpus.
func (b *builder) exceptions(run *scenarios.Run) {
	entry := func(slot uint64, name, handler, suffix string, stack int) scenarios.ExceptionEntry {
		e, err := guest.FindEntry(b.Image, b.Symbol("vectors"+suffix)+slot, name+suffix, "ret_to_kernel")
		b.fail(err)
		e.Handler, e.Stack = b.Symbol(handler), stack
		return e
	}
	exception := func(name string, mask, slot uint64, function, handler string, stack int) scenarios.Exception {
		return scenarios.Exception{
			Name: name, Mask: mask,
			Meta: entry(slot, function, handler, "", stack), PreMeta: entry(slot, function, handler, "_plain", stack),
		}
	}
	irq := exception("irq", emu.PStateI, guest.SlotIRQ, "el1h_64_irq", "handle_irq", scenarios.StackIRQ)
	run.IRQ, run.PreMetaIRQ = irq.Meta, irq.PreMeta
	run.ExceptionFrame = run.IRQ.Frame
	run.Unmaskable = []scenarios.Exception{
		exception("fiq", emu.PStateF, guest.SlotFIQ, "el1h_64_fiq", "handle_fiq", scenarios.StackIRQ),
		exception("serror", emu.PStateA, guest.SlotSError, "el1h_64_error", "handle_serror", scenarios.Interrupted),
		b.sdei(),
	}
	for suffix, e := range map[string]*scenarios.ExceptionEntry{"": &run.Overflow, "_plain": &run.PreMetaOverflow} {
		var err error
		*e, err = guest.FindEntry(b.Image, 0, "bad_stack_async"+suffix, "ret_from_bad_stack")
		b.fail(err)
		e.Handler, e.Stack = b.Symbol("handle_bad_stack"), scenarios.StackOverflow
	}
	run.HandlerOutput = []unwind.Range{b.Object("exception_counts"), b.Object("sdei_events")}
	run.Fixups = b.fixups()
}

// sdei is the exception of an SDEI event of normal priority.
func (b *builder) sdei() scenarios.Exception {
	const handler = "sdei_asm_handler"
	e := scenarios.ExceptionEntry{
		Vector: b.Symbol(handler), Handler: b.Symbol("sdei_handler"), Stack: scenarios.StackSDEINormal,
		Event: b.Symbol("sdei_events"),
	}
	call, err := guest.FindInstruction(b.Image, handler, "BL", arm64.IsBL)
	b.fail(err)
	e.Frame = call + 4
	e.Return, err = guest.FindInstruction(b.Image, handler, "SMC", func(w uint32) bool { return w == arm64.SMC })
	b.fail(err)
	return scenarios.Exception{Name: "sdei", Meta: e, PreMeta: e}
}

// fixups reads the corpus's exception table.
func (b *builder) fixups() map[uint64]uint64 {
	addr, table, ok := b.Image.Section("__ex_table")
	if !ok {
		b.fail(fmt.Errorf("%s has no exception table", b.Image.Name))
	}
	fixups, err := image.ExceptionTable(addr, table, b.Size("exception_table_entry"))
	if err != nil {
		b.fail(fmt.Errorf("%s: %w", b.Image.Name, err))
	}
	return fixups
}
