// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A Point is one walk with its verdict.
type Point struct {
	verdict.Key
	verdict.Position
	PC     uint64
	Masked bool   // interrupts are masked at the step
	Way    string // how the exception arrived, if there was one: see [scenarios.Way]
	verdict.Verdict
	Trace unwind.Trace
	Truth []uint64
}

// A judge walks the stack at points of a run and compares every walk with the truth. It belongs to one goroutine.
type judge struct {
	run     *scenarios.Run
	truth   truth.Cursor
	walkers []unwind.Walker
	plain   []bool // whether a walker is of a kernel whose exception frames hold an ordinary record
	modes   []verdict.Mode

	interrupt scenarios.Way  // how interrupts arrive
	way       *scenarios.Way // how the exception of the point arrives for which the task is prepared

	view  *deliver.View
	task  unwind.Task
	asked bool             // some walker asks for all registers
	regs  unwind.Registers // what task.Interrupted then points to
	trace unwind.Trace

	tallies [][]tally // by walker and mode

	deliver     verdict.Delivery
	interrupter *deliver.Interrupter // takes exceptions for real; nil if none are taken
	pair        pairing
	other       unwind.Trace // of the walk with an overlay, to be compared with the taken one
	deviations  []Deviation
	untaken     int

	stopped  <-chan struct{} // closed when the rest shall not be judged; nil: never
	progress *Progress
	judged   int // steps

	keep   func(*Point) bool // whether a point is to be kept; nil: none
	points []Point
}

func newJudge(run *scenarios.Run, found *truth.Truth, mem *emu.Memory, specs []registry.Spec, modes []verdict.Mode) *judge {
	j := &judge{run: run, truth: found.Cursor(), modes: modes, interrupt: run.Interrupt(), view: deliver.NewView(run, mem), task: run.Task}
	j.task.Mem = j.view
	j.pair = pairing{cursor: emu.NewCursor(mem), oracles: truth.Oracles{truth.Past, truth.Future}}
	for _, s := range specs {
		j.asked = j.asked || s.NeedsRegisters
		walker := s.New(run)
		j.walkers = append(j.walkers, walker)
		j.plain = append(j.plain, unwind.PreMetadata(walker))
		j.tallies = append(j.tallies, make([]tally, verdict.NumModes))
	}
	return j
}

// stopEvery is how many steps are judged between two looks at whether to go on.
const stopEvery = 256

// goOn notes that steps were judged, and reports whether more shall be.
func (j *judge) goOn(steps int) bool {
	j.judged += steps
	j.progress.judge(steps)
	select {
	case <-j.stopped:
		return false
	default:
		return true
	}
}

// steps judges the steps [from, to) of a chunk that the cursor has just been loaded with. It returns errStopped if it
// was stopped before the end.
func (j *judge) steps(c *emu.Cursor, chunk *emu.Chunk, from, to int) error {
	for c.Step() < from {
		c.Next()
	}
	j.truth.Seek(from)
	transfers := chunk.Transfers
	i, _ := slices.BinarySearchFunc(transfers, from-chunk.First, func(t emu.Transfer, step int) int { return int(t.Step) - step })
	every := stopEvery
	if slices.Contains(j.modes, verdict.Pairs) {
		every = 1
	}
	counted := from
	for step := from; step < to; step++ {
		if step-counted == every {
			if counted = step; !j.goOn(every) {
				return errStopped
			}
		}
		j.truth.Advance(step)
		var next *emu.Transfer
		if i < len(transfers) && chunk.First+int(transfers[i].Step) == step {
			next = &transfers[i]
			i++
		}
		for _, m := range j.modes {
			if err := j.point(m, c, next); err != nil {
				return err
			}
		}
		c.Next()
	}
	j.goOn(to - counted)
	return nil
}

// point judges all walkers at the cursor's step in one mode, if the step is a point of that mode.
func (j *judge) point(m verdict.Mode, c *emu.Cursor, next *emu.Transfer) error {
	if m == verdict.Pairs {
		return j.pairs(c)
	}
	stack, ok := j.prepare(m, c, next)
	if !ok {
		return nil
	}
	if j.delivery(m) == verdict.Taken {
		taken := stack // which goes to the heap; the other doesn't
		return j.taken(m, c, &taken)
	}
	for w := range j.walkers {
		j.count(w, m, c, j.walk(w, &stack), &stack)
	}
	return nil
}

// count enters a verdict, and keeps the point if it is wanted.
func (j *judge) count(w int, m verdict.Mode, c *emu.Cursor, v verdict.Verdict, stack *truth.Stack) {
	t := &j.tallies[w][m]
	if first := t.add(c.PC(), j.moment(c), v); first != nil && !v.Conforming() {
		first.missing = stack.Missing(j.trace.Frames)
	}
	if len(j.trace.Warnings) > 0 {
		t.warnings++
	}
	if j.keep != nil {
		j.note(w, m, c, v, stack)
	}
}

// prepare makes the task ready to be walked at the cursor's step, as the mode has it, and tells the true stack. next
// is what the instruction there will do to the call stack, or nil. It reports false if the step is no point of the mode.
func (j *judge) prepare(m verdict.Mode, c *emu.Cursor, next *emu.Transfer) (stack truth.Stack, ok bool) {
	stack = j.truth.Stack()
	j.view.Clear()
	j.task.Interrupted = nil
	if j.asked {
		if regs, ok := c.Regs(); ok {
			j.regs = unwind.Registers{X: regs.X, SP: regs.SP, PC: regs.PC}
			j.task.Interrupted = &j.regs
		}
	}
	switch m {
	case verdict.IRQ, verdict.NMI, verdict.Pairs:
		if m == verdict.IRQ && masked(c) {
			return stack, false
		}
		j.chooseWay(m, c.PState())
		j.task.Start = j.view.Arrive(j.way, c)
		stack.Push(j.task.Start.PC)
		stack.Push(c.PC())
	case verdict.Sync, verdict.Blocked:
		if next == nil || next.Kind != emu.Call || m == verdict.Blocked && next.To != j.run.SwitchTo {
			return stack, false
		}
		if next.To == c.PC()+4 { // nothing is called: see transfer.callsNext
			return stack, false
		}
		kind := unwind.FromCaller
		if m == verdict.Blocked {
			kind = unwind.FromBlocked
		}
		ret := c.PC() + 4
		j.regs.PC = ret
		j.task.Start = unwind.Start{Kind: kind, PC: ret, FP: c.FP()}
		stack.Push(ret)
	}
	return stack, true
}

// chooseWay decides how the exception of a mode arrives.
func (j *judge) chooseWay(m verdict.Mode, pstate uint64) {
	j.way = &j.interrupt
	if m != verdict.IRQ {
		if w := j.run.Arrival(pstate); w != nil {
			j.way = w
		}
	}
}

// entry is the entry code that the exception that arrives goes through, in one kind of kernel.
func (j *judge) entry(sp uint64, preMeta bool) *scenarios.Entry {
	return deliver.EntryAt(j.run, j.way, sp, preMeta)
}

// masked reports whether interrupts are masked at the cursor's step.
func masked(c *emu.Cursor) bool { return c.PState()&emu.PStateI != 0 }

// walk runs one walker and judges its trace, which is in j.trace afterwards.
func (j *judge) walk(w int, stack *truth.Stack) verdict.Verdict {
	j.view.SetPreMetadata(j.plain[w])
	return j.walkIn(w, &j.task, &j.view.Access, stack)
}

// walkIn is walk for a task whose memory is what access allows.
func (j *judge) walkIn(w int, task *unwind.Task, access *deliver.Access, stack *truth.Stack) (v verdict.Verdict) {
	defer func() {
		if p := recover(); p != nil {
			j.trace.Failure = unwind.Failure{Reason: unwind.ForeignFailure, Detail: fmt.Sprintf("panic: %v", p)}
			v = verdict.Fault
		}
	}()
	access.Begin()
	j.walkers[w].Walk(task, &j.trace)
	if access.Outside() {
		return verdict.Fault
	}
	return verdictOf(stack, &j.trace)
}

// note keeps the point if it is wanted.
func (j *judge) note(w int, m verdict.Mode, c *emu.Cursor, v verdict.Verdict, stack *truth.Stack) {
	p := j.describe(w, m, c, v)
	if j.keep(&p) {
		p.complete(stack)
		j.points = append(j.points, p)
	}
}

// describe makes a point of the walk that was just judged. Until it is completed it shares the judge's memory.
func (j *judge) describe(w int, m verdict.Mode, c *emu.Cursor, v verdict.Verdict) Point {
	p := Point{
		Key:      verdict.Key{Scenario: j.run.Scenario, Variant: j.run.Variant, Walker: j.walkers[w].Name(), Mode: m, Deliver: j.delivery(m)},
		Position: j.moment(c),
		PC:       c.PC(),
		Masked:   masked(c),
		Verdict:  v,
		Trace:    j.trace,
	}
	if m.HasException() {
		p.Way = j.way.Name
	}
	return p
}

// complete gives the point its own copy of the trace, and the truth.
func (p *Point) complete(stack *truth.Stack) {
	p.Trace.Frames = slices.Clone(p.Trace.Frames)
	p.Trace.Warnings = slices.Clone(p.Trace.Warnings)
	p.Truth = stack.AsFound(p.Trace.Frames)
}
