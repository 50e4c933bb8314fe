// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"bytes"
	"errors"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// errNotTaken says that SP is no stack's, or not aligned, so that the exception can't be taken. It happens in exception
// vectors, while they test for an overflow, where no event is known that comes with a stack of its own, as SDEI does.
var errNotTaken = errors.New("no stack to take an exception on")

// handlerSteps is more than an interrupt takes.
const handlerSteps = 10_000

// An interrupter takes interrupts at steps of a run. Its machine executes the run a second time and is forked at each
// of them.
type interrupter struct {
	run  *scenarios.Run
	end  *ending
	m    *emu.Machine
	step int // that the machine stands before

	mode   emu.Mode // how much is kept of an exception within which there is another one
	before emu.Regs // of the run, where such an exception was taken
	inside emu.Regs // of that exception, where the second one was taken

	poisoned []byte // what is written where pt_regs will be

	mem    machineMemory
	task   unwind.Task
	stores []emu.Store // that were done since the interrupt
	calls  []uint64    // return addresses of the calls since then that have not returned, outermost first
	own    []int       // indices of the stacks that handlers have run on since then
	// arrived is the last transfer since then: in the handler, the call of it.
	arrived emu.Transfer

	visited *emu.Visited // what exceptions execute; nil: not wanted
}

// An ending is how a run ends when nothing interrupts it.
type ending struct {
	regs   emu.Regs
	memory *emu.Memory
}

func newInterrupter(run *scenarios.Run, end *ending) (*interrupter, error) {
	if run.IRQ.Vector == 0 && run.PreMetaIRQ.Vector == 0 {
		return nil, errors.New("exceptions can't be taken here: the scenario has no vectors")
	}
	m, err := run.Machine()
	if err != nil {
		return nil, err
	}
	i := &interrupter{run: run, end: end, m: m, task: run.Task}
	i.poisoned = bytes.Repeat([]byte{poison & 0xff}, int(run.Kernel.Regs.Size))
	i.mem = machineMemory{readable: newReadable(run), m: m}
	i.task.Mem = &i.mem
	return i, nil
}

// take interrupts the run before a step, which is not before the last one, hands the task in the handler to walk, and
// returns from the interrupt. It returns a *disturbance if the run is not as it was, then or, if finish is set, at its end.
func (i *interrupter) take(step int, mode verdict.Mode, entry *scenarios.Entry, finish bool, walk func()) error {
	if entry.Vector == 0 {
		return errNotTaken // a real kernel has one kind of entry only
	}
	if err := i.goTo(step); err != nil {
		return err
	}
	i.stores, i.calls, i.own = i.stores[:0], i.calls[:0], i.own[:0]
	return i.m.Fork(func() error {
		before, err := i.m.Regs()
		if err != nil {
			return err
		}
		if !i.hasRoom(entry, before.SP) {
			return errNotTaken
		}
		system, err := saveSystem(i.m)
		if err != nil {
			return err
		}
		if err := i.enter(entry, &before); err != nil {
			return err
		}
		walk()
		if err := i.leave(entry, &before); err != nil {
			return err
		}
		if err := i.unchanged(&before); err != nil {
			return err
		}
		if entry.Event != 0 {
			if err := i.sameSystem(&system); err != nil {
				return err
			}
		}
		if !finish {
			return nil
		}
		if mode == verdict.NMI && entry.Event == 0 {
			// Where SDEI isn't known, what can't be masked arrives as an interrupt does, even before an exception's own
			// ELR and SPSR have been saved.
			if err := system.restore(i.m); err != nil {
				return err
			}
		}
		return i.finish()
	})
}

// goTo moves the machine on to a step.
func (i *interrupter) goTo(step int) error {
	if err := i.m.Advance(step - i.step); err != nil {
		return err
	}
	i.step = step
	return nil
}

// enter goes into the handler, through the vectors or as firmware does. The place where registers will be saved is
// overwritten first, so that none is found there by chance.
func (i *interrupter) enter(entry *scenarios.Entry, before *emu.Regs) error {
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
	own := i.handlerStack(entry, before.SP)
	switch sp := i.arrived.SP; {
	case i.stackOf(sp) != own:
		return disturbed("the handler doesn't run on the %s: SP is %#x", i.run.Task.Stacks[own].Name, sp)
	case i.stackOf(before.SP) == own && sp >= before.SP:
		return disturbed("the handler runs over the %s, which was in use: SP was %#x and is %#x", i.run.Task.Stacks[own].Name, before.SP, sp)
	}
	i.own = append(i.own, own)
	i.task.Start = unwind.Start{Kind: unwind.FromCaller, PC: i.arrived.LR, FP: i.arrived.FP}
	return nil
}

// handlerStack is the index of the stack that the handler of an exception at sp must run on.
func (i *interrupter) handlerStack(entry *scenarios.Entry, sp uint64) int {
	at := i.stackOf(sp)
	if entry.Stack == scenarios.Interrupted || entry.Stack == scenarios.StackIRQ && at != scenarios.StackTask {
		return at
	}
	return entry.Stack
}

// begin takes the exception.
func (i *interrupter) begin(entry *scenarios.Entry, before *emu.Regs) error {
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
// it is to restore everything, every register but SP is overwritten, so that none is right by chance.
func (i *interrupter) leave(entry *scenarios.Entry, before *emu.Regs) error {
	if err := i.runTo(entry.Frame); err != nil {
		return err
	}
	regs, err := i.m.Regs()
	if err != nil {
		return err
	}
	for n := range regs.X {
		regs.X[n] = poison
	}
	regs.PState ^= emu.PStateNZCV
	if err := i.m.SetRegs(regs); err != nil {
		return err
	}
	return i.comeBack(entry, before)
}

// comeBack goes from the handler, or from behind it, to the end of the exception. Unless that is an event, ELR_EL1 and
// SPSR_EL1 are overwritten, as another exception would: it is for the exit code to set them.
func (i *interrupter) comeBack(entry *scenarios.Entry, before *emu.Regs) error {
	if entry.Event == 0 {
		if err := (&system{elr: poison, spsr: before.PState ^ emu.PStateNZCV}).restore(i.m); err != nil {
			return err
		}
		return i.runTo(emu.NoAddress)
	}
	if err := i.runTo(entry.Return); err != nil {
		return err
	}
	if i.visited != nil {
		i.visited.Add([]uint64{entry.Return})
	}
	return i.complete(before)
}

// sdeiEventComplete is the call by which an event's handler says that it is done (Arm DEN0054, 5.1.6).
const sdeiEventComplete = 0xc400_0025

// complete does what firmware does at the end of an event.
func (i *interrupter) complete(before *emu.Regs) error {
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
func (i *interrupter) runTo(addr uint64) error {
	o := emu.RunOptions{Until: addr, UntilReturn: true, Limit: handlerSteps, Mode: emu.Transfers, ChunkSteps: handlerSteps}
	if i.visited != nil {
		o.Mode = emu.Sparse
	}
	err := i.m.Stream(o, func(c *emu.Chunk) error {
		i.stores = append(i.stores, c.Stores...)
		if i.visited != nil {
			i.visited.Add(c.PC)
		}
		for n := range c.Transfers {
			t := &c.Transfers[n]
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

// inInterrupt makes a *disturbance of a run that failed in an interrupt.
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

// system are the system registers that the entry code uses. An exception overwrites the first two.
type system struct{ elr, spsr, spEL0 uint64 }

func saveSystem(m *emu.Machine) (s system, err error) {
	for _, f := range [...]struct {
		reg emu.SysReg
		to  *uint64
	}{{emu.ELR_EL1, &s.elr}, {emu.SPSR_EL1, &s.spsr}, {emu.SP_EL0, &s.spEL0}} {
		if *f.to, err = m.SysReg(f.reg); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *system) restore(m *emu.Machine) error {
	if err := m.SetSysReg(emu.ELR_EL1, s.elr); err != nil {
		return err
	}
	return m.SetSysReg(emu.SPSR_EL1, s.spsr)
}

// machineMemory shows a walker the memory of a machine.
type machineMemory struct {
	readable
	m *emu.Machine
}

// Word implements [unwind.Memory].
func (v *machineMemory) Word(addr uint64) (uint64, bool) {
	if !v.allows(addr) {
		return 0, false
	}
	w, err := v.m.Word(addr)
	return w, err == nil
}
