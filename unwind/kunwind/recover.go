package kunwind

import "stacksweep/unwind"

// recover replaces a PC that is a return trampoline by the true return address (kunwind_recover_return_address).
// The key is the current FP: once the traced function's own record has been taken, that is its caller's record.
func (w *Walker) recover(t *unwind.Trace) unwind.Failure {
	st := &w.st
	if k := w.kernel; k.Graph != nil && st.pc == k.ReturnToHandler.Start {
		if shadow, ok := k.Graph.Open(st.task.Mem, st.task.Struct); ok {
			ret, ok := shadow.Find(&st.graphCursor, k.ReturnToHandler.Start, st.fp)
			if !ok {
				return w.warn(t, unwind.GraphLost, st.fp)
			}
			st.pc = ret
			st.flags |= unwind.FGraph
		}
	}
	if k := w.kernel; k.Kretprobe != nil && st.pc == k.KretprobeTrampoline {
		ret, ok := k.Kretprobe.Find(st.task.Mem, st.task.Struct, &st.kretprobeCursor, k.KretprobeTrampoline, st.fp)
		if !ok {
			return unwind.Failure{Reason: unwind.KretprobeLost, Addr: st.fp}
		}
		st.pc = ret
		st.flags |= unwind.Kretprobe
	}
	return unwind.Failure{}
}
