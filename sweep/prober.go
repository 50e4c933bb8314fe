// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A Prober walks the stack at points of a run and judges each walk by the truth. A point is probed in three calls: Seek
// goes to a step, Prepare makes the task ready to be walked there as a mode has it, and Walk lets a walker walk.
//
// It belongs to one goroutine. Close must be called to release what walkers hold.
type Prober struct {
	run     *scenarios.Run
	truth   truth.Cursor
	walkers []unwind.Walker
	early   []bool // whether a walker is of a kernel without metadata records: see [unwind.EarlyWalker]

	view      *deliver.View
	task      unwind.Task
	registers bool                // some walker wants all registers
	regs      unwind.Registers    // which task.Interrupted then points to
	interrupt scenarios.Exception // how interrupts arrive

	// The point for which the task is prepared:
	mode      verdict.Mode
	cursor    *emu.Cursor
	exception *scenarios.Exception // how its exception arrives
	stack     truth.Stack

	trace unwind.Trace // of the last walk

	resumed []resumed // by walker; nil: every walk is a whole one
	whole   bool      // traces must have all frames

	outer       truth.Cursor // while inside: the truth about the interrupted run
	inside      bool         // the points are those of an exception
	interrupted int          // step of the run before which that was taken
}

// NewProber makes a Prober that takes the truth about a run from found, and its memory at a point from mem.
func NewProber(run *scenarios.Run, found *truth.Truth, mem *emu.Memory, specs []registry.Spec) *Prober {
	p := &Prober{run: run, truth: found.Cursor(), view: deliver.NewView(run, mem), task: run.Task,
		interrupt: run.Interrupt()}
	p.task.Mem = p.view
	for _, s := range specs {
		walker := s.New(run)
		p.walkers = append(p.walkers, walker)
		p.early = append(p.early, unwind.PreMetadata(walker))
		p.registers = p.registers || s.NeedsRegisters
	}
	return p
}

// Close releases what walkers hold apart from memory, such as a program that was started.
func (p *Prober) Close() error { return unwind.Close(p.walkers...) }

// Seek goes to the truth about a step.
func (p *Prober) Seek(step int) { p.truth.Seek(step) }

// Depth is how many callers are on the true stack at the step.
func (p *Prober) Depth() int { return p.truth.Depth() }

// PreMetadata reports whether a walker is of a kernel without metadata records.
func (p *Prober) PreMetadata(walker int) bool { return p.early[walker] }

// Prepare makes the task ready to be walked at the cursor's step, which must be the one sought, as the mode has it.
// next is what the instruction there will do to the call stack, or nil. Prepare reports false if the step is not a
// point of the mode.
func (p *Prober) Prepare(m verdict.Mode, c *emu.Cursor, next *emu.Transfer) bool {
	if !p.arrive(m, c, next) {
		return false
	}
	p.prepare()
	return true
}

// arrive is the part of Prepare that finds out whether the step is a point, and of what kind.
func (p *Prober) arrive(m verdict.Mode, c *emu.Cursor, next *emu.Transfer) bool {
	p.mode, p.cursor = m, c
	if p.truth.Away() {
		p.exception = nil
		return m == verdict.Blocked && p.switches(next)
	}
	switch m {
	case verdict.IRQ, verdict.NMI, verdict.Pairs:
		if m == verdict.IRQ && masked(c) {
			return false
		}
		p.exception = p.arrival(m, c.PState())
	case verdict.Sync, verdict.Blocked:
		p.exception = nil
		if next == nil || next.Kind != emu.Call || m == verdict.Blocked && !p.switches(next) {
			return false
		}
		if next.To == c.PC()+4 { // nothing is called: the code learns its own address
			return false
		}
	}
	return true
}

// prepare is the rest of Prepare.
func (p *Prober) prepare() {
	c := p.cursor
	p.stack = p.truth.Stack()
	p.view.Clear()
	p.task.Interrupted = nil
	if p.truth.Away() {
		p.prepareAway()
		return
	}
	if p.registers {
		if regs, ok := c.Regs(); ok {
			p.regs = unwind.Registers{X: regs.X, SP: regs.SP, PC: regs.PC}
			p.task.Interrupted = &p.regs
		}
	}
	if p.mode.HasException() {
		p.task.Start = p.view.Arrive(p.exception, c)
		p.stack.Push(p.task.Start.PC)
		p.stack.Push(c.PC())
		return
	}
	ret := c.PC() + 4
	p.regs.PC = ret
	p.task.Start = unwind.Start{Kind: startKind(p.mode), PC: ret, FP: c.FP()}
	p.stack.Push(ret)
}

// startKind is how a walk begins in a mode without exceptions.
func startKind(m verdict.Mode) unwind.StartKind {
	if m == verdict.Blocked {
		return unwind.FromBlocked
	}
	return unwind.FromCaller
}

// switches reports whether a transfer is a call of the context switch.
func (p *Prober) switches(t *emu.Transfer) bool {
	return t != nil && t.Kind == emu.Call && t.To == p.run.SwitchTo
}

// prepareAway makes the task ready to be walked from where it stands while another one runs. A task that can't be read
// stands nowhere.
func (p *Prober) prepareAway() {
	pc, _ := p.view.Word(p.task.Struct + p.run.SavedPC)
	fp, _ := p.view.Word(p.task.Struct + p.run.SavedFP)
	p.task.Start = unwind.Start{Kind: unwind.FromBlocked, PC: pc, FP: fp}
	if begins := p.truth.Begins(); begins != 0 {
		p.stack.Push(begins)
	}
}

// arrival is how the exception of a mode arrives.
func (p *Prober) arrival(m verdict.Mode, pstate uint64) *scenarios.Exception {
	if m != verdict.IRQ {
		if w := p.run.Arrival(pstate); w != nil {
			return w
		}
	}
	return &p.interrupt
}

// masked reports whether interrupts are masked at the cursor's step.
func masked(c *emu.Cursor) bool { return c.PState()&emu.PStateI != 0 }

// entry is the entry code that the point's exception goes through in one kind of kernel.
func (p *Prober) entry(early bool) *scenarios.ExceptionEntry {
	return deliver.EntryAt(p.run, p.exception, p.cursor.SP(), early)
}

// Walk lets a walker, by its index among those that the Prober was made with, walk the task, and judges its trace.
func (p *Prober) Walk(walker int) verdict.Verdict {
	if p.resumed != nil && p.resumed[walker].walker != nil {
		p.view.SetPreMetadata(p.early[walker])
		return p.resume(&p.resumed[walker])
	}
	return p.walkWhole(walker)
}

// walkWhole is Walk from end to end, whatever is known of an earlier walk.
func (p *Prober) walkWhole(walker int) verdict.Verdict {
	p.view.SetPreMetadata(p.early[walker])
	return p.walkTask(walker, &p.task, &p.view.Access, &p.stack)
}

// walkTask is Walk for another task, whose memory is what access allows, with its true stack.
func (p *Prober) walkTask(walker int, task *unwind.Task, access *deliver.Access,
	stack *truth.Stack) (v verdict.Verdict) {
	defer func() {
		if r := recover(); r != nil {
			p.trace.Failure = unwind.Failure{Reason: unwind.ForeignFailure, Detail: fmt.Sprintf("panic: %v", r)}
			v = verdict.Fault
		}
	}()
	access.Begin()
	p.walkers[walker].Walk(task, &p.trace)
	if access.Outside() {
		return verdict.Fault
	}
	return verdictOf(stack, &p.trace)
}

// enter makes the points those of an exception that was taken at the current step, until leave.
func (p *Prober) enter(found *truth.Truth, step int) {
	p.outer, p.truth = p.truth, found.Cursor()
	p.inside, p.interrupted = true, step
	p.forgetTruth()
}

func (p *Prober) leave() {
	p.truth, p.inside = p.outer, false
	p.forgetTruth()
}

// position is where the point lies.
func (p *Prober) position() verdict.Position {
	if p.inside {
		return verdict.Position{Step: p.interrupted, Second: p.cursor.Step() - p.interrupted}
	}
	return verdict.Position{Step: p.cursor.Step()}
}
