// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"stacksweep/unwind"
)

// nextByTable goes from the registers of an exception to the interrupted function's caller, by the unwind row of the
// interrupted PC (kunwind_next_regs_sframe in the series). The rows are used at exception boundaries only: SP, which
// most of them are based on, is known nowhere else.
func (w *Walker) nextByTable(t *unwind.Trace) unwind.Failure {
	st := &w.st
	if st.regs == 0 { // lost, see Profile.LosesRegs; a WARN_ON_ONCE for any task
		t.Warn(unwind.NoRegs, st.pc)
		return unwind.Failure{Reason: unwind.NoRegs, Addr: st.pc}
	}
	mem, layout := st.task.Mem, &w.kernel.Regs
	if st.fp&7 != 0 {
		return unwind.Failure{Reason: unwind.Misaligned, Addr: st.fp}
	}
	row, failure := w.lookup(st.pc)
	if failure.Failed() {
		return failure
	}
	sp, ok1 := mem.Word(st.regs + layout.SP)
	lr, ok2 := mem.Word(st.regs + layout.X30)
	if !ok1 || !ok2 {
		return unwind.Failure{Reason: unwind.Unreadable, Addr: st.regs}
	}

	cfa := sp
	if row.FromFP {
		if cfa = st.fp; cfa < sp {
			return unwind.Failure{Reason: unwind.BadCFA, Addr: cfa}
		}
	}
	cfa += uint64(row.CFA)
	if cfa&w.profile.CFAMask != 0 {
		return unwind.Failure{Reason: unwind.Misaligned, Addr: cfa}
	}

	fp := st.fp
	if row.FPSaved {
		if fp, failure = w.saved(cfa + uint64(row.FP)); failure.Failed() {
			return failure
		}
	}
	if !row.RASaved {
		st.pc, st.fp, st.source, st.regs = lr, fp, unwind.FromRegsLR, 0
		return unwind.Failure{}
	}
	addr := cfa + uint64(row.RA)
	pc, failure := w.saved(addr)
	if failure.Failed() {
		return failure
	}
	st.consume(addr, 8)
	st.pc, st.fp, st.source, st.regs = pc, fp, unwind.FromTable, 0
	return unwind.Failure{}
}

// saved reads a register that was saved on the stack.
func (w *Walker) saved(addr uint64) (uint64, unwind.Failure) {
	if !w.st.accessible(addr, 8) {
		return 0, unwind.Failure{Reason: unwind.OffStack, Addr: addr}
	}
	v, ok := w.st.task.Mem.Word(addr)
	if !ok {
		return 0, unwind.Failure{Reason: unwind.Unreadable, Addr: addr}
	}
	return v, unwind.Failure{}
}
