package kunwind

import (
	"errors"

	"stacksweep/unwind"
	"stacksweep/unwind/sframe"
)

// nextBySFrame goes from the registers of an exception to the interrupted function's caller, by the SFrame row of the
// interrupted PC (kunwind_next_regs_sframe in the series). The rows are used at exception boundaries only: SP, which
// most of them are based on, is known nowhere else.
func (w *Walker) nextBySFrame() unwind.Failure {
	st := &w.st
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
	if row.CFABase == sframe.FP {
		if cfa = st.fp; cfa < sp {
			return unwind.Failure{Reason: unwind.BadCFA, Addr: cfa}
		}
	}
	cfa += uint64(row.CFAOffset)
	if cfa&w.profile.CFAMask != 0 {
		return unwind.Failure{Reason: unwind.Misaligned, Addr: cfa}
	}

	fp := st.fp
	if row.FP.Kind == sframe.AtCFA {
		addr := cfa + uint64(row.FP.Offset)
		if !st.accessible(addr, 8) {
			return unwind.Failure{Reason: unwind.OffStack, Addr: addr}
		}
		var ok bool
		if fp, ok = mem.Word(addr); !ok {
			return unwind.Failure{Reason: unwind.Unreadable, Addr: addr}
		}
	}
	if row.RA.Kind == sframe.Retained {
		st.pc, st.fp, st.source, st.regs = lr, fp, unwind.FromRegsLR, 0
		return unwind.Failure{}
	}
	addr := cfa + uint64(row.RA.Offset)
	if !st.accessible(addr, 8) {
		return unwind.Failure{Reason: unwind.OffStack, Addr: addr}
	}
	pc, ok := mem.Word(addr)
	if !ok {
		return unwind.Failure{Reason: unwind.Unreadable, Addr: addr}
	}
	st.consume(addr, 8)
	st.pc, st.fp, st.source, st.regs = pc, fp, unwind.FromRecord, 0
	return unwind.Failure{}
}

// lookup finds the row for an interrupted PC, which is exact: the instruction there has not been executed yet.
func (w *Walker) lookup(pc uint64) (sframe.Row, unwind.Failure) {
	if w.kernel.SFrame == nil {
		return sframe.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	row, err := w.kernel.SFrame.Lookup(pc)
	switch {
	case errors.Is(err, sframe.ErrNoFDE), errors.Is(err, sframe.ErrNoRow):
		return row, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	case err != nil:
		return row, unwind.Failure{Reason: unwind.UnsupportedRule, Addr: pc}
	case row.Outermost:
		return row, unwind.Failure{Reason: unwind.Outermost, Addr: pc}
	}
	return row, unwind.Failure{}
}
