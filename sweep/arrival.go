// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// arrive decides how the exception of a mode arrives at the cursor's step, lays what it would leave on a stack over the
// memory, and says where in its handler a walk would start.
func (j *judge) arrive(m verdict.Mode, c *emu.Cursor) unwind.Start {
	j.way = &j.interrupt
	if m != verdict.IRQ {
		if w := j.run.Arrival(c.PState()); w != nil {
			j.way = w
		}
	}
	if e := &j.way.Meta; e.Event != 0 {
		record := j.view.event(j.run.Task.Stacks[e.Stack].High, c.PC(), c.FP())
		return unwind.Start{Kind: unwind.FromCaller, PC: e.Frame, FP: record}
	}
	low, _ := j.run.RegsPlace(c.SP())
	record := j.view.interrupt(low, c.PC(), c.SP(), c.FP(), c.LR(), c.PState())
	return unwind.Start{Kind: unwind.FromCaller, PC: j.run.ExceptionFrame, FP: record}
}

// entry is the entry code that the exception that arrives goes through, in one kind of kernel.
func (j *judge) entry(sp uint64, plain bool) *scenarios.Entry {
	e := j.way.Entry(plain)
	if e.Event != 0 {
		return e
	}
	if _, overflow := j.run.RegsPlace(sp); overflow {
		o := j.run.Overflow
		if plain {
			o = j.run.PreMetaOverflow
		}
		o.Vector = e.Vector
		return &o
	}
	return e
}
