// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
)

// recover replaces a PC that is a return trampoline by the true return address (kunwind_recover_return_address).
//
// Mainline asks the graph tracer once and the kretprobes once, in this order. The address that a kretprobe has kept may
// be return_to_handler itself: of a function that was entered with X30 hooked by the graph tracer already. Profiles
// that loop begin again with whatever a kretprobe has answered. That ends where a list of instances does, since each
// search of it goes on after the one found last.
func (w *Walker) recover(t *unwind.Trace) unwind.Failure {
	for range maxRounds {
		if failure := w.recoverGraph(t); failure.Failed() {
			return failure
		}
		found, failure := w.recoverKretprobe()
		if !found || failure.Failed() || !w.profile.Loops {
			return failure
		}
	}
	return unwind.Failure{Reason: unwind.KretprobeLost, Addr: w.st.fp} // the list has been turned into a ring
}

// maxRounds is more than any task has kretprobe instances.
const maxRounds = 1 << 12

// recoverGraph asks the shadow stack, by the current FP: once the traced function's own record has been taken, that is
// its caller's record.
func (w *Walker) recoverGraph(t *unwind.Trace) unwind.Failure {
	st, k := &w.st, w.kernel
	if k.Graph == nil || st.pc != k.ReturnToHandler.Start {
		return unwind.Failure{}
	}
	shadow, ok := fgraph.Open(k.Graph, st.task.Mem, st.task.Struct)
	if !ok {
		return unwind.Failure{}
	}
	if w.profile.NoGraphCursor {
		st.graphCursor = 0
	}
	ret, ok := shadow.Find(&st.graphCursor, k.ReturnToHandler.Start, st.fp)
	if !ok {
		return w.warn(t, unwind.GraphLost, st.fp)
	}
	st.pc = ret
	st.flags |= unwind.FGraph
	return unwind.Failure{}
}

// recoverKretprobe asks the task's kretprobe instances, by the same key. found is false if the PC is not a trampoline.
func (w *Walker) recoverKretprobe() (found bool, failure unwind.Failure) {
	st, k := &w.st, w.kernel
	if k.Kretprobe == nil || st.pc != k.KretprobeTrampoline {
		return false, unwind.Failure{}
	}
	ret, ok := kretprobe.Find(k.Kretprobe, st.task.Mem, st.task.Struct, &st.kretprobeCursor,
		k.KretprobeTrampoline, st.fp)
	if !ok && !w.profile.KretprobeUnchecked {
		return false, unwind.Failure{Reason: unwind.KretprobeLost, Addr: st.fp}
	}
	st.pc = ret
	st.flags |= unwind.Kretprobe
	return true, unwind.Failure{}
}

// nextFromTrampoline goes from a PC inside return_to_handler to the caller that it returns to. The trampoline has no
// frame record of its own, so X29 is that caller's, and the key of its entry. When the entry has been popped, X30 must
// hold the address again, and the trampoline's unwind information say so.
func (w *Walker) nextFromTrampoline(t *unwind.Trace) unwind.Failure {
	st := &w.st
	k := w.kernel
	if shadow, ok := fgraph.Open(k.Graph, st.task.Mem, st.task.Struct); ok {
		if ret, ok := shadow.Find(&st.graphCursor, k.ReturnToHandler.Start, st.fp); ok {
			st.pc, st.source, st.regs = ret, unwind.FromRecord, 0
			st.flags |= unwind.FGraph
			return unwind.Failure{}
		}
	}
	if st.source == unwind.FromRegsPC {
		return w.nextByTable(t)
	}
	return unwind.Failure{Reason: unwind.GraphLost, Addr: st.fp}
}
