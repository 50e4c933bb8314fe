// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// Arrive lays what an exception that arrives at the cursor's step would leave on a stack over the memory, and says
// where in its handler a walk would start.
func (v *View) Arrive(exception *scenarios.Exception, c *emu.Cursor) unwind.Start {
	if e := &exception.Meta; e.Event != 0 {
		record := v.event(v.run.Task.Stacks[e.Stack].High, c.PC(), c.FP())
		return unwind.Start{Kind: unwind.FromCaller, PC: e.Frame, FP: record}
	}
	low, _ := v.run.RegsPlace(c.SP())
	record := v.interrupt(low, c.PC(), c.SP(), c.FP(), c.LR(), c.PState())
	return unwind.Start{Kind: unwind.FromCaller, PC: v.run.ExceptionFrame, FP: record}
}

// EntryAt is the entry code that an exception goes through when it arrives with a stack pointer: that of kernels
// without metadata records if preMeta is set, and that of the overflow stack where its registers would not fit.
func EntryAt(run *scenarios.Run, exception *scenarios.Exception, sp uint64, preMeta bool) *scenarios.ExceptionEntry {
	e := exception.Entry(preMeta)
	if e.Event != 0 {
		return e
	}
	if _, overflow := run.RegsPlace(sp); overflow {
		o := run.Overflow
		if preMeta {
			o = run.PreMetaOverflow
		}
		o.Vector = e.Vector
		return &o
	}
	return e
}
