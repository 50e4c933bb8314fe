// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import "stacksweep/unwind"

// A Walker is the unwinder of one profile in one kernel. It implements [unwind.Walker].
type Walker struct {
	profile Profile
	kernel  *unwind.Layout
	st      state
	trail   trail
	rows    rowCache
	known   int          // of the last Resume
	joint   unwind.Joint // of the last Resume
}

// New returns the unwinder of profile p compiled into kernel k.
func New(p Profile, k *unwind.Layout) *Walker { return &Walker{profile: p, kernel: k} }

// Name is the profile's name.
func (w *Walker) Name() string { return w.profile.Name }

// PreMetadata implements [unwind.EarlyWalker].
func (w *Walker) PreMetadata() bool { return w.profile.PreMetadata }

// Close forgets all walks and gives their memory to other walkers. It can't fail, and the walker may be used again.
func (w *Walker) Close() error {
	w.trail.forget()
	w.trail.free()
	w.rows.free()
	return nil
}

// Walk follows arch_stack_walk_reliable: it reports frames until the walk ends at the task's FINAL record, and then
// calls the trace reliable, or until something is wrong.
func (w *Walker) Walk(task *unwind.Task, t *unwind.Trace) { w.walk(task, t, nil) }

// walk is Walk, or with a trail Resume: it stops where it has come to a frame that the trail knows, and returns how
// many frames there are from there on.
func (w *Walker) walk(task *unwind.Task, t *unwind.Trace, tr *trail) (known int) {
	t.Reset()
	w.st.init(task)
	objected := false // the reliable walk's own consumer didn't take a frame
	err := w.recover(t)
	for !err.Failed() {
		if err = w.objection(); err.Failed() {
			objected = true
			break
		}
		if tr != nil {
			room := w.profile.Room - len(t.Frames)
			if known = tr.find(&w.st, room); known > 0 {
				end := tr.outcome(known, room)
				err, objected, w.st.unreliable = end.err, end.objected, end.unreliable
				break
			}
			tr.arrive(&w.st)
		}
		t.Add(unwind.Frame{PC: w.st.pc, Source: w.st.source, Flags: w.st.flags})
		if len(t.Frames) == w.profile.Room {
			err = unwind.Failure{Reason: unwind.NoRoom, Addr: w.st.pc}
			break
		}
		done := false
		if done, err = w.step(t); done {
			break
		}
	}
	w.conclude(t, err, objected)
	if tr != nil {
		tr.finish(task, t, known, outcome{err, objected, w.st.unreliable, false})
	}
	return known
}

// conclude decides whether the walk claims to be reliable.
func (w *Walker) conclude(t *unwind.Trace, err unwind.Failure, objected bool) {
	unreliable := w.st.unreliable
	t.Failure = err
	switch w.profile.Claim {
	case Strict:
		t.Reliable = !err.Failed() && !unreliable.Failed()
		if unreliable.Failed() {
			t.Failure = unreliable
		}
	case Heard, Unclaimed:
		t.Reliable = !err.Failed()
	case Dropped:
		t.Reliable = !objected
	}
}

// objection is why the consumer of a reliable walk doesn't take the frame that was reached.
func (w *Walker) objection() unwind.Failure {
	st := &w.st
	if w.profile.AtException == Refuse && st.source == unwind.FromRegsPC {
		return unwind.Failure{Reason: unwind.ExceptionBoundary, Addr: st.regs}
	}
	if w.profile.Trampoline == Detect && w.insideTrampoline() {
		return unwind.Failure{Reason: unwind.InTrampoline, Addr: st.pc}
	}
	if w.profile.Claim == Unclaimed {
		return unwind.Failure{}
	}
	return st.unreliable
}

// insideTrampoline reports whether the frame's PC lies in return_to_handler after its first instruction. As a return
// address the first one is a traced function's, and has been recovered.
func (w *Walker) insideTrampoline() bool {
	hook := w.kernel.ReturnToHandler
	return w.kernel.Graph != nil && w.st.pc != hook.Start && hook.Contains(w.st.pc)
}

// step moves on to the caller's frame (kunwind_next). It reports done at the end of the task's stack.
func (w *Walker) step(t *unwind.Trace) (done bool, err unwind.Failure) {
	st := &w.st
	st.flags = 0
	switch {
	case w.profile.Trampoline == Recover && w.insideTrampoline():
		err = w.nextFromTrampoline(t)
	case w.profile.AtException >= SFrame && st.source == unwind.FromRegsPC:
		done, err = w.nextFromRegs(t)
	default:
		done, err = w.nextRecord(t)
	}
	if done || err.Failed() {
		return done, err
	}
	st.pc = w.strip(st.pc)
	return false, w.recover(t)
}

// nextFromRegs goes on from an exception's registers by its unwind table; where that fails, by the frame record at the
// interrupted X29, and the trace is unreliable.
func (w *Walker) nextFromRegs(t *unwind.Trace) (done bool, err unwind.Failure) {
	failure := w.nextByTable(t)
	if failure.Failed() {
		w.st.unreliable = failure
		done, err = w.nextRecord(t)
	}
	if w.profile.LosesRegs {
		w.st.regs = 0
	}
	return done, err
}

// strip removes a pointer authentication code from a kernel address.
func (w *Walker) strip(pc uint64) uint64 {
	if pc>>55&1 != 0 {
		return pc | w.kernel.PACMask
	}
	return pc
}

// nextRecord follows the frame record at X29 (kunwind_next_frame_record).
func (w *Walker) nextRecord(t *unwind.Trace) (done bool, err unwind.Failure) {
	st := &w.st
	fp := st.fp
	if w.profile.PreMetadata && fp == st.task.PtRegs+w.kernel.Regs.FrameRecord {
		return true, unwind.Failure{}
	}
	// Eight, not sixteen: the metadata record of an exception sits at an odd multiple of eight in its pt_regs.
	if fp&7 != 0 {
		return false, unwind.Failure{Reason: unwind.Misaligned, Addr: fp}
	}
	if !st.accessible(fp, unwind.RecordSize) {
		return false, unwind.Failure{Reason: unwind.OffStack, Addr: fp}
	}
	next, ok1 := st.task.Mem.Word(fp)
	lr, ok2 := st.task.Mem.Word(fp + 8)
	if !ok1 || !ok2 {
		return false, unwind.Failure{Reason: unwind.Unreadable, Addr: fp}
	}
	if next == 0 && lr == 0 && !w.profile.PreMetadata {
		return w.nextMeta(t)
	}
	st.consume(fp, unwind.RecordSize)
	st.fp, st.pc, st.source, st.regs = next, lr, unwind.FromRecord, 0
	return false, unwind.Failure{}
}

// nextMeta follows the metadata record at X29: the end of the walk, or an exception's registers.
func (w *Walker) nextMeta(t *unwind.Trace) (done bool, err unwind.Failure) {
	st := &w.st
	meta := st.fp
	if !st.accessible(meta, unwind.MetaRecordSize) {
		return false, unwind.Failure{Reason: unwind.OffStack, Addr: meta}
	}
	kind, ok := st.task.Mem.Word(meta + unwind.RecordSize)
	if !ok {
		return false, unwind.Failure{Reason: unwind.Unreadable, Addr: meta}
	}
	switch kind {
	case unwind.MetaFinal:
		if meta == st.task.PtRegs+w.kernel.Regs.FrameRecord {
			return true, unwind.Failure{}
		}
		return false, w.warn(t, unwind.FinalElsewhere, meta)
	case unwind.MetaPtRegs:
		return false, w.nextRegs(meta - w.kernel.Regs.FrameRecord)
	}
	return false, w.warn(t, unwind.BadMetaType, meta)
}

// nextRegs goes on with the context that an exception interrupted (kunwind_next_regs_pc).
func (w *Walker) nextRegs(regs uint64) unwind.Failure {
	st := &w.st
	layout := &w.kernel.Regs
	if !st.accessible(regs, layout.Size) {
		return unwind.Failure{Reason: unwind.OffStack, Addr: regs}
	}
	st.consume(regs, layout.Size)
	pc, ok1 := st.task.Mem.Word(regs + layout.PC)
	fp, ok2 := st.task.Mem.Word(regs + layout.X29)
	if !ok1 || !ok2 {
		return unwind.Failure{Reason: unwind.Unreadable, Addr: regs}
	}
	st.pc, st.fp, st.source, st.regs = pc, fp, unwind.FromRegsPC, regs
	return unwind.Failure{}
}

// warn is a WARN_ON_ONCE that the kernel prints for the current task only, followed by an error.
func (w *Walker) warn(t *unwind.Trace, r unwind.Reason, addr uint64) unwind.Failure {
	if w.st.task.Start.Current() {
		t.Warn(r, addr)
	}
	return unwind.Failure{Reason: r, Addr: addr}
}
