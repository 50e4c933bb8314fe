// SPDX-License-Identifier: GPL-2.0-only

// Package judge is an example of a module of its own that has an unwinder and puts it to the test with stacksweep.
package judge

import "stacksweep/unwind"

// FramePointers follows frame records, and nothing else: it believes every record that lies on the task's stack, and
// calls the trace reliable when it ends at the task's pt_regs.
type FramePointers struct{}

// Name implements [unwind.Walker].
func (FramePointers) Name() string { return "frame-pointers" }

// Walk implements [unwind.Walker]. A frame record is two words: the caller's X29, then the return address.
func (FramePointers) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Add(unwind.Frame{PC: task.Start.PC})
	stack := task.Stacks[0]
	for fp := task.Start.FP; stack.Contains(fp, 16) && len(t.Frames) < unwind.MaxFrames; {
		next, _ := task.Mem.Word(fp)
		ret, _ := task.Mem.Word(fp + 8)
		if ret == 0 { // the last record, in the task's pt_regs
			t.Reliable = true
			return
		}
		t.Add(unwind.Frame{PC: ret})
		if next <= fp {
			return
		}
		fp = next
	}
}
