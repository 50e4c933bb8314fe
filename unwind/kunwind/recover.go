// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
)

// recover replaces a PC that is a return trampoline by the true return address (kunwind_recover_return_address).
// The key is the current FP: once the traced function's own record has been taken, that is its caller's record.
func (w *Walker) recover(t *unwind.Trace) unwind.Failure {
	st := &w.st
	if k := w.kernel; k.Graph != nil && st.pc == k.ReturnToHandler.Start {
		if shadow, ok := fgraph.Open(k.Graph, st.task.Mem, st.task.Struct); ok {
			if w.profile.NoGraphCursor {
				st.graphCursor = 0
			}
			ret, ok := shadow.Find(&st.graphCursor, k.ReturnToHandler.Start, st.fp)
			if !ok {
				return w.warn(t, unwind.GraphLost, st.fp)
			}
			st.pc = ret
			st.flags |= unwind.FGraph
		}
	}
	if k := w.kernel; k.Kretprobe != nil && st.pc == k.KretprobeTrampoline {
		ret, ok := kretprobe.Find(k.Kretprobe, st.task.Mem, st.task.Struct, &st.kretprobeCursor, k.KretprobeTrampoline, st.fp)
		if !ok && !w.profile.KretprobeUnchecked {
			return unwind.Failure{Reason: unwind.KretprobeLost, Addr: st.fp}
		}
		st.pc = ret
		st.flags |= unwind.Kretprobe
	}
	return unwind.Failure{}
}

// nextFromTrampoline goes from a PC inside return_to_handler to the caller behind it. The trampoline has no frame
// record of its own, so X29 is that caller's, and the key of its entry. When the entry has been popped, X30 must hold
// the address again, and the trampoline's unwind information say so.
func (w *Walker) nextFromTrampoline() unwind.Failure {
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
		return w.nextByTable()
	}
	return unwind.Failure{Reason: unwind.GraphLost, Addr: st.fp}
}
