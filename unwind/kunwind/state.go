// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import "stacksweep/unwind"

// maxStacks is how many stacks a walk may know: task, IRQ, overflow, two of SDEI, EFI.
const maxStacks = 6

// state is struct kunwind_state: the frame that the walk has reached and what it has used up on the way.
type state struct {
	task *unwind.Task

	pc, fp uint64
	source unwind.Source
	flags  unwind.Flags
	regs   uint64 // address of the pt_regs just reached, or 0

	stack  unwind.Range            // what is left of the stack being walked
	stacks [maxStacks]unwind.Range // the zero value is none

	graphCursor     int
	kretprobeCursor uint64
	unreliable      unwind.Failure // why the trace isn't reliable any more, although the walk goes on
}

func (st *state) init(task *unwind.Task) {
	*st = state{task: task, pc: task.Start.PC, fp: task.Start.FP, source: unwind.FromStart}
	for i, s := range task.Stacks {
		if i == maxStacks || i > 0 && !task.Start.Current() {
			break // a task that is switched out is on its own stack only (kunwind_stack_walk)
		}
		st.stacks[i] = unwind.Range{Start: s.Low, End: s.High}
	}
}

// accessible reports whether [addr, addr+size) lies wholly on the current stack or on one not yet entered.
func (st *state) accessible(addr, size uint64) bool {
	if st.stack.Holds(addr, size) {
		return true
	}
	for i := range st.stacks {
		if st.stacks[i].Holds(addr, size) {
			return true
		}
	}
	return false
}

// consume uses up everything below addr+size, which must be accessible. A stack is entered at most once and walked
// strictly upwards: that alone bounds every walk (unwind_consume_stack).
func (st *state) consume(addr, size uint64) {
	if !st.stack.Holds(addr, size) {
		for i := range st.stacks {
			if st.stacks[i].Holds(addr, size) {
				st.stack, st.stacks[i] = st.stacks[i], unwind.Range{}
				break
			}
		}
	}
	st.stack.Start = addr + size
}
