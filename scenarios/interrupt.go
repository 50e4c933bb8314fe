// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"encoding/binary"
	"fmt"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/unwind"
)

// An Entry is a way into an exception and out of it: addresses of code.
type Entry struct {
	Vector  uint64 // where the exception enters
	Handler uint64 // the function in which it ends up: there a walk begins
	Frame   uint64 // where the C handler returns to, in the entry code
	Return  uint64 // the ERET, or the SMC by which an event is completed
	Stack   int    // index in Task.Stacks of the one that the handler runs on, or Interrupted

	// Event is the address of the event's struct if this is SDEI, whose handler is called by firmware rather than through
	// the vectors: X0 has the event's number, X1 that address, X2 the interrupted PC and X3 PSTATE. It writes an
	// ordinary frame record of the interrupted X29 and PC, in every kernel, at the top of its own stack. When it is done,
	// firmware puts back X0 to X17, PC and PSTATE (Arm DEN0054, 4.4).
	Event uint64
}

// Interrupted is an [Entry]'s Stack if its handler stays on the stack that it finds.
const Interrupted = -1

// A Way is an exception by which something can get in between two instructions.
type Way struct {
	Name          string // irq, fiq, serror or sdei
	Mask          uint64 // the bit of PSTATE that keeps it out; 0: nothing does
	Meta, PreMeta Entry  // in kernels with metadata records, and in those without
}

// Entry is the way in for walkers of one kind of kernel.
func (w *Way) Entry(preMeta bool) *Entry {
	if preMeta {
		return &w.PreMeta
	}
	return &w.Meta
}

// Interrupt is the way of an interrupt.
func (r *Run) Interrupt() Way {
	return Way{Name: "irq", Mask: emu.PStateI, Meta: r.IRQ, PreMeta: r.PreMetaIRQ}
}

// Arrival returns the way in which an exception arrives that must not be kept out by the masks of pstate: as an interrupt
// where those are not masked, otherwise as what is not; nil stands for an interrupt.
func (r *Run) Arrival(pstate uint64) *Way {
	if pstate&emu.PStateI != 0 {
		for i := range r.Unmaskable {
			if w := &r.Unmaskable[i]; pstate&w.Mask == 0 {
				return w
			}
		}
	}
	return nil
}

// RegsPlace returns where an exception at a stack pointer puts its registers, as the vectors find it: below SP, or on the
// overflow stack if bit 14 of their address says that they would lie outside of the interrupted one.
func (r *Run) RegsPlace(sp uint64) (low uint64, overflow bool) {
	low = sp - r.Kernel.Regs.Size
	if r.Overflow.Handler == 0 || low>>14&1 == 0 {
		return low, false
	}
	return r.Task.Stacks[r.Overflow.Stack].High - r.Kernel.Regs.Size, true
}

// Offsets, in exception vectors, of what is taken in EL1 with its own stack pointer.
const (
	irqSlot    = 0x280
	fiqSlot    = 0x300
	serrorSlot = 0x380
)

// The exception return, and the call of firmware.
const (
	insnERET = 0xd69f03e0
	insnSMC  = 0xd4000003 // smc #0
)

func isBL(w uint32) bool { return w&0xfc000000 == insnBL }

// FindEntry looks an entry up in an image: the vector, the function behind it, which calls the C handler with the first
// of its BL, and the function with the ERET.
func FindEntry(im *image.Image, vector uint64, entry, exit string) (Entry, error) {
	e := Entry{Vector: vector}
	call, err := findInstruction(im, entry, "BL", isBL)
	if err != nil {
		return Entry{}, err
	}
	e.Frame = call + 4
	e.Return, err = findInstruction(im, exit, "ERET", func(w uint32) bool { return w == insnERET })
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// findInstruction returns the address of a function's first instruction of a kind.
func findInstruction(im *image.Image, function, what string, is func(uint32) bool) (uint64, error) {
	s, ok := im.Symbols.Lookup(function)
	if !ok {
		return 0, fmt.Errorf("%s has no function %s", im.Name, function)
	}
	code, _ := im.Bytes(s.Addr, s.Size)
	for off := 0; off+4 <= len(code); off += 4 {
		if is(binary.LittleEndian.Uint32(code[off:])) {
			return s.Addr + uint64(off), nil
		}
	}
	return 0, fmt.Errorf("%s: %s has no %s", im.Name, function, what)
}

// exceptions says how exceptions are taken in the corpus.
func (b *builder) exceptions(run *Run) {
	entry := func(slot uint64, name, handler, suffix string, stack int) Entry {
		e, err := FindEntry(b.image, b.symbol("vectors"+suffix)+slot, name+suffix, "ret_to_kernel")
		b.fail(err)
		e.Handler, e.Stack = b.symbol(handler), stack
		return e
	}
	way := func(name string, mask, slot uint64, function, handler string, stack int) Way {
		return Way{
			Name: name, Mask: mask,
			Meta: entry(slot, function, handler, "", stack), PreMeta: entry(slot, function, handler, "_plain", stack),
		}
	}
	irq := way("irq", emu.PStateI, irqSlot, "el1h_64_irq", "handle_irq", StackIRQ)
	run.IRQ, run.PreMetaIRQ = irq.Meta, irq.PreMeta
	run.ExceptionFrame = run.IRQ.Frame
	run.Unmaskable = []Way{
		way("fiq", emu.PStateF, fiqSlot, "el1h_64_fiq", "handle_fiq", StackIRQ),
		way("serror", emu.PStateA, serrorSlot, "el1h_64_error", "handle_serror", Interrupted),
		b.sdei(),
	}
	for suffix, e := range map[string]*Entry{"": &run.Overflow, "_plain": &run.PreMetaOverflow} {
		var err error
		*e, err = FindEntry(b.image, 0, "bad_stack_async"+suffix, "ret_from_bad_stack")
		b.fail(err)
		e.Handler, e.Stack = b.symbol("handle_bad_stack"), StackOverflow
	}
	run.HandlerOutput = []unwind.Range{b.object("exception_counts"), b.object("sdei_events")}
	run.Fixups = b.fixups()
}

// sdei is the way of an SDEI event of normal priority.
func (b *builder) sdei() Way {
	const handler = "sdei_asm_handler"
	e := Entry{
		Vector: b.symbol(handler), Handler: b.symbol("sdei_handler"), Stack: StackSDEINormal,
		Event: b.symbol("sdei_events"),
	}
	call, err := findInstruction(b.image, handler, "BL", isBL)
	b.fail(err)
	e.Frame = call + 4
	e.Return, err = findInstruction(b.image, handler, "SMC", func(w uint32) bool { return w == insnSMC })
	b.fail(err)
	return Way{Name: "sdei", Meta: e, PreMeta: e}
}

// fixups reads the corpus's exception table.
func (b *builder) fixups() map[uint64]uint64 {
	addr, table, ok := b.image.Section("__ex_table")
	if !ok {
		b.fail(fmt.Errorf("%s has no exception table", b.image.Name))
	}
	fixups, err := ExceptionTable(addr, table, b.size("exception_table_entry"))
	if err != nil {
		b.fail(fmt.Errorf("%s: %w", b.image.Name, err))
	}
	return fixups
}
