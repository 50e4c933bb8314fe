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
