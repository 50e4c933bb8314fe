// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"errors"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// enter goes into the handler, through the vectors or as firmware does. The place where registers will be saved is
// overwritten first, so that none is found there by accident.
func (i *Interrupter) enter(entry *scenarios.ExceptionEntry, before *emu.Regs) error {
	place, _ := i.run.RegsPlace(before.SP)
	if entry.Event != 0 {
		place = entry.Event
	}
	if err := i.m.Write(place, i.poisoned); err != nil {
		return err
	}
	if err := i.begin(entry, before); err != nil {
		return err
	}
	if err := i.runTo(entry.Handler); err != nil {
		return err
	}
	if i.m.PC() != entry.Handler {
		return disturbed("the exception returned without having been in the handler")
	}
	want := i.handlerStack(entry, before.SP)
	switch sp := i.arrived.SP; {
	case i.stackOf(sp) != want:
		return disturbed("the handler doesn't run on the %s: SP is %#x", i.run.Task.Stacks[want].Name, sp)
	case i.stackOf(before.SP) == want && sp >= before.SP:
		return disturbed("the handler runs over the %s, which was in use: SP was %#x and is %#x",
			i.run.Task.Stacks[want].Name, before.SP, sp)
	}
	i.handlers = append(i.handlers, want)
	i.task.Start = unwind.Start{Kind: unwind.FromCaller, PC: i.arrived.LR, FP: i.arrived.FP}
	return nil
}

// handlerStack is the index of the stack that the handler of an exception at sp must run on.
func (i *Interrupter) handlerStack(entry *scenarios.ExceptionEntry, sp uint64) int {
	at := i.stackOf(sp)
	if entry.Stack == scenarios.Interrupted || entry.Stack == scenarios.StackIRQ && at != scenarios.StackTask {
		return at
	}
	return entry.Stack
}

// begin takes the exception.
func (i *Interrupter) begin(entry *scenarios.ExceptionEntry, before *emu.Regs) error {
	if entry.Event == 0 {
		return i.m.Enter(entry.Vector)
	}
	regs := *before
	regs.X[0], regs.X[1], regs.X[2], regs.X[3] = 0, entry.Event, before.PC, before.PState
	regs.PC = entry.Vector
	regs.PState |= emu.PStateDAIF
	return i.m.SetRegs(regs)
}

// poison is what the handler leaves in every register that it may change.
const poison = 0xdead_beef_dead_beef

// leave goes from the handler back to the interrupted code. Where the C code has returned to the entry code, whose task
// it is to restore everything, every register but SP is overwritten, so that none is right by accident; and but those
// in which the entry code keeps something.
func (i *Interrupter) leave(entry *scenarios.ExceptionEntry, before *emu.Regs) error {
	if err := i.runTo(entry.Frame); err != nil {
		return err
	}
	regs, err := i.m.Regs()
	if err != nil {
		return err
	}
	for n := range regs.X {
		if !slices.Contains(entry.Keeps, n) {
			regs.X[n] = poison
		}
	}
	regs.PState ^= emu.PStateNZCV
	if err := i.m.SetRegs(regs); err != nil {
		return err
	}
	return i.comeBack(entry, before)
}

// comeBack goes from the handler, or from after it, to the end of the exception. Unless that is an event, ELR_EL1 and
// SPSR_EL1 are overwritten, as another exception would: it is for the exit code to set them.
func (i *Interrupter) comeBack(entry *scenarios.ExceptionEntry, before *emu.Regs) error {
	if entry.Event == 0 {
		if err := (&system{elr: poison, spsr: before.PState ^ emu.PStateNZCV}).restore(i.m); err != nil {
			return err
		}
		return i.runTo(emu.NoAddress)
	}
	if err := i.runTo(entry.Return); err != nil {
		return err
	}
	if i.options.Visited != nil {
		i.options.Visited.Add([]uint64{entry.Return})
	}
	return i.complete(before)
}

// sdeiEventComplete is the call by which an event's handler says that it is done (Arm DEN0054, 5.1.6).
const sdeiEventComplete = 0xc400_0025

// complete does what firmware does at the end of an event.
func (i *Interrupter) complete(before *emu.Regs) error {
	regs, err := i.m.Regs()
	if err != nil {
		return err
	}
	if regs.X[0] != sdeiEventComplete {
		return disturbed("the event is not completed: X0 is %#x", regs.X[0])
	}
	copy(regs.X[:18], before.X[:18])
	regs.PC, regs.PState = before.PC, before.PState
	return i.m.SetRegs(regs)
}

// runTo executes until an address is reached or the exception has returned, and notes stores and calls.
func (i *Interrupter) runTo(addr uint64) error {
	o := emu.RunOptions{Until: addr, UntilReturn: true, Limit: HandlerSteps, Mode: emu.Transfers,
		ChunkSteps: HandlerSteps}
	if i.options.Visited != nil {
		o.Mode = emu.Sparse
	}
	err := i.m.Stream(o, func(c *emu.Chunk) error {
		i.stores = append(i.stores, c.Stores...)
		if i.options.Visited != nil {
			i.options.Visited.Add(c.PC)
		}
		for n := range c.Transfers {
			t := &c.Transfers[n]
			if !t.Kind.Calls() {
				continue
			}
			i.arrived = *t
			switch t.Kind {
			case emu.Call:
				i.calls = append(i.calls, t.LR)
			case emu.Return:
				if len(i.calls) > 0 {
					i.calls = i.calls[:len(i.calls)-1]
				}
			}
		}
		return nil
	})
	return inInterrupt(err)
}

// inInterrupt makes a *Disturbance of a run that failed in an interrupt.
func inInterrupt(err error) error {
	if err == nil {
		return nil
	}
	var run *emu.RunError
	if errors.As(err, &run) {
		return disturbed("in the interrupt: %v", err)
	}
	return err
}
