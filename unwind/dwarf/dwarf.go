// SPDX-License-Identifier: GPL-2.0-only

// Package dwarf unwinds every frame by the rows of DWARF call frame information, as debuggers and profilers do. Package
// kunwind's profile cfi is something else: the kernel's algorithm, which looks up the interrupted function only and
// follows frame records from there on.
package dwarf

import (
	"errors"
	"slices"

	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
)

// A Walker unwinds by call frame information. It needs [unwind.Task.Interrupted] and the tables of [unwind.Layout.CFI],
// which must be a *[cfi.Info].
//
// A walk ends well where a row says that there is no caller, or in a calling function that no row covers, where SP and
// X29 are those of the bottom of the task's stack. Anything else that it has no row for, or that a row can't explain,
// makes the trace unreliable. The authentication code of a return address is removed only where the row says that there
// is one, since whoever authenticates instead of stripping must know.
type Walker struct {
	name   string
	kernel *unwind.Layout
	info   *cfi.Info // nil: there is none

	stacks  []unwind.Stack
	mem     unwind.Memory
	failure unwind.Failure // of the last read
}

var _ unwind.Walker = (*Walker)(nil)

// Name is what the walker is called on the command line.
const Name = "dwarf"

// New returns a walker for a kernel.
func New(k *unwind.Layout) *Walker {
	w := &Walker{name: Name, kernel: k}
	w.info, _ = k.CFI.(*cfi.Info)
	return w
}

// Name implements [unwind.Walker].
func (w *Walker) Name() string { return w.name }

// Walk implements [unwind.Walker].
func (w *Walker) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Failure = w.walk(task, t)
	t.Reliable = !t.Failure.Failed()
}

func (w *Walker) walk(task *unwind.Task, t *unwind.Trace) unwind.Failure {
	if task.Interrupted == nil {
		return unwind.Failure{Reason: unwind.NoRegs, Addr: task.Start.PC}
	}
	w.stacks, w.mem = task.Stacks, task.Mem
	regs := cfi.Registers{X: task.Interrupted.X, SP: task.Interrupted.SP, PC: task.Interrupted.PC}
	atCall := task.Start.PC == regs.PC && task.Start.FP == regs.X[cfi.FP] // else at an exception
	source := unwind.FromStart
	if !atCall {
		t.Add(unwind.Frame{PC: task.Start.PC, Source: unwind.FromStart})
		source = unwind.FromRegsPC
	}
	for first := true; ; first = false {
		t.Add(unwind.Frame{PC: regs.PC, Source: source})
		row, failure := w.lookup(regs.PC, first && !atCall)
		if failure.Reason == unwind.NoTable && (!first || atCall) && w.isBottom(task, &regs) {
			return unwind.Failure{}
		}
		if failure.Failed() {
			return failure
		}
		caller, done, failure := w.caller(&row, &regs, first)
		if done || failure.Failed() {
			return failure
		}
		regs, source = caller, unwind.FromTable
	}
}

// lookup finds the row of a PC: of the instruction itself if it was interrupted, else of the call before it.
func (w *Walker) lookup(pc uint64, interrupted bool) (cfi.Row, unwind.Failure) {
	missing := unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	if w.info == nil {
		return cfi.Row{}, missing
	}
	if pc == w.kernel.ReturnToHandler.Start && w.kernel.Graph != nil {
		return cfi.Row{}, unwind.Failure{Reason: unwind.GraphLost, Addr: pc}
	}
	if pc == w.kernel.KretprobeTrampoline && w.kernel.Kretprobe != nil {
		return cfi.Row{}, unwind.Failure{Reason: unwind.KretprobeLost, Addr: pc}
	}
	if !interrupted {
		pc--
	}
	row, err := w.info.Lookup(pc)
	switch {
	case errors.Is(err, cfi.ErrNoFDE):
		return cfi.Row{}, missing
	case err != nil:
		return cfi.Row{}, unwind.Failure{Reason: unwind.UnsupportedRule, Addr: pc}
	}
	return row, unwind.Failure{}
}

// caller computes the caller's registers. It reports done if the row says that there is no caller.
func (w *Walker) caller(row *cfi.Row, regs *cfi.Registers,
	first bool) (caller cfi.Registers, done bool, failure unwind.Failure) {
	w.failure = unwind.Failure{}
	caller, err := row.Caller(regs, w.read)
	switch {
	case errors.Is(err, cfi.ErrOutermost):
		return caller, true, unwind.Failure{}
	case err != nil && w.failure.Failed():
		return caller, false, w.failure
	case err != nil:
		return caller, false, unwind.Failure{Reason: unwind.UnsupportedRule, Addr: regs.PC}
	case caller.SP < regs.SP || caller.SP == regs.SP && !first:
		return caller, false, unwind.Failure{Reason: unwind.BadCFA, Addr: caller.SP} // and the walk would never end
	case !w.onStack(caller.SP):
		return caller, false, unwind.Failure{Reason: unwind.OffStack, Addr: caller.SP}
	}
	if row.RAState.Signed() && caller.PC>>55&1 != 0 {
		caller.PC |= w.kernel.PACMask
	}
	return caller, false, unwind.Failure{}
}

// onStack reports whether an address can be a CFA: on a stack, or its end.
func (w *Walker) onStack(cfa uint64) bool {
	return slices.ContainsFunc(w.stacks, func(s unwind.Stack) bool { return cfa >= s.Low && cfa <= s.High })
}

var errUnreadable = errors.New("the word can't be read")

// read reads a word of a stack.
func (w *Walker) read(addr uint64) (uint64, error) {
	for _, s := range w.stacks {
		if s.Contains(addr, 8) {
			if v, ok := w.mem.Word(addr); ok {
				return v, nil
			}
			w.failure = unwind.Failure{Reason: unwind.Unreadable, Addr: addr}
			return 0, errUnreadable
		}
	}
	w.failure = unwind.Failure{Reason: unwind.OffStack, Addr: addr}
	return 0, errUnreadable
}

// isBottom reports whether a frame that made a call is the task's first: X29 points at the record that ends the task's
// chain, and nothing lies between SP and there. Of an interrupted frame that says nothing: it may have been called a
// moment ago.
func (w *Walker) isBottom(task *unwind.Task, regs *cfi.Registers) bool {
	return regs.X[cfi.FP] == task.PtRegs+w.kernel.Regs.FrameRecord && regs.SP == task.PtRegs
}
