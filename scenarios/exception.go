// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import "stacksweep/emu"

// Indices of the stacks in [unwind.Task.Stacks] of the corpus. Real kernels have the first two.
const (
	StackTask = iota
	StackIRQ
	StackOverflow     // for exceptions that find no room on the stack that they interrupt
	StackSDEINormal   // for events of normal priority
	StackSDEICritical // for those that may interrupt them
)

// An ExceptionEntry has the addresses of the code that an exception goes through, from its vector to its return.
type ExceptionEntry struct {
	Vector  uint64 // where the exception enters
	Handler uint64 // the function in which a walk begins
	Frame   uint64 // where the C handler returns to, in the entry code
	Return  uint64 // the ERET, or the SMC by which an event is completed
	Stack   int    // index in Task.Stacks of the stack that the handler runs on, or Interrupted

	// Event is the address of the event's struct if this is SDEI, whose handler is called by firmware rather than
	// through the vectors: X0 has the event's number, X1 that address, X2 the interrupted PC and X3 PSTATE. It writes
	// an ordinary frame record of the interrupted X29 and PC, in every kernel, at the top of its own stack. When it is
	// done, firmware puts back X0 to X17, PC and PSTATE (Arm DEN0054, 4.4).
	Event uint64
	// Keeps are the registers in which the entry code finds what it needs after the C handler.
	Keeps []int
}

// Interrupted is the Stack of an [ExceptionEntry] whose handler stays on the interrupted stack.
const Interrupted = -1

// An Exception is a kind of asynchronous exception, which can arrive between any two instructions that don't mask it.
type Exception struct {
	Name          string         // irq, fiq, serror or sdei
	Mask          uint64         // the bit of PSTATE that keeps it out; 0: nothing does
	Meta, PreMeta ExceptionEntry // in kernels with metadata records, and in those without
}

// Entry returns the entry code of a kernel with or without metadata records.
func (e *Exception) Entry(preMeta bool) *ExceptionEntry {
	if preMeta {
		return &e.PreMeta
	}
	return &e.Meta
}

// Interrupt returns the exception of an interrupt.
func (r *Run) Interrupt() Exception {
	return Exception{Name: "irq", Mask: emu.PStateI, Meta: r.IRQ, PreMeta: r.PreMetaIRQ}
}

// Arrival returns the first exception that pstate doesn't mask: nil for an interrupt, else one of Unmaskable. If all
// are masked, it is an interrupt.
func (r *Run) Arrival(pstate uint64) *Exception {
	if pstate&emu.PStateI != 0 {
		for i := range r.Unmaskable {
			if e := &r.Unmaskable[i]; pstate&e.Mask == 0 {
				return e
			}
		}
	}
	return nil
}

// RegsPlace returns where an exception at a stack pointer puts its registers, as the vectors find it: below SP, or on
// the overflow stack if bit 14 of their address says that they would lie outside of the interrupted one.
func (r *Run) RegsPlace(sp uint64) (low uint64, overflow bool) {
	low = sp - r.Kernel.Regs.Size
	if r.Overflow.Handler == 0 || low>>14&1 == 0 {
		return low, false
	}
	return r.Task.Stacks[r.Overflow.Stack].High - r.Kernel.Regs.Size, true
}
