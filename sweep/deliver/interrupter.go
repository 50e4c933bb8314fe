// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"bytes"
	"errors"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// ErrNotTaken says that SP or X18 is on no stack, or not aligned, or SP among frames that are in use, so that the
// exception can't be taken. It happens in exception vectors, while they test for an overflow, and while SP is another
// task's, where no event is known that comes with a stack of its own, as SDEI does.
var ErrNotTaken = errors.New("no stack to take an exception on")

// ErrNoEntry says that the kernel has entry code for exceptions, but not for kernels of the other kind, with or without
// metadata records: a real kernel has one kind only.
var ErrNoEntry = errors.New("no entry code of this kind")

// HandlerSteps is more than an interrupt takes.
const HandlerSteps = 10_000

// An Interrupter takes interrupts at steps of a run. Its machine executes the run a second time and is forked at each
// of them.
type Interrupter struct {
	run     *scenarios.Run
	end     *Ending
	options Options
	m       *emu.Machine
	step    int // that the machine stands before

	before emu.Regs // of the run, where such an exception was taken
	inside emu.Regs // of that exception, where the second one was taken

	poisoned []byte // what is written where pt_regs will be

	mem      machineMemory
	task     unwind.Task
	stores   []emu.Store // that were done since the interrupt
	calls    []uint64    // return addresses of the calls since then that have not returned, outermost first
	handlers []int       // indices of the stacks that handlers have run on since then
	// arrived is the last transfer since then: in the handler, the call of it.
	arrived emu.Transfer
}

// An Ending is how a run ends when nothing interrupts it.
type Ending struct {
	Regs   emu.Regs
	Memory *emu.Memory
}

// EndingOf reads how a run has ended from its machine.
func EndingOf(m *emu.Machine) (*Ending, error) {
	regs, err := m.Regs()
	if err != nil {
		return nil, err
	}
	return &Ending{regs, m.Snapshot()}, nil
}

// New makes an Interrupter of a run, which ends as end says when nothing interrupts it.
func New(run *scenarios.Run, end *Ending, o Options) (*Interrupter, error) {
	if run.IRQ.Vector == 0 && run.PreMetaIRQ.Vector == 0 {
		return nil, errors.New("exceptions can't be taken here: the scenario has no vectors")
	}
	m, err := run.Machine()
	if err != nil {
		return nil, err
	}
	i := &Interrupter{run: run, end: end, options: o, m: m, task: run.Task}
	i.poisoned = bytes.Repeat([]byte{poison & 0xff}, int(run.Kernel.Regs.Size))
	i.mem = machineMemory{Access: newAccess(run), m: m}
	i.task.Mem = &i.mem
	return i, nil
}

// Options of an Interrupter.
type Options struct {
	Mode    emu.Mode     // how much is recorded of an exception within which another one arrives
	Visited *emu.Visited // gets what the exceptions execute; nil: it is not wanted
}

// Close releases the machine.
func (i *Interrupter) Close() { i.m.Close() }

// Task is the task to be walked in the handler. registers are those that a walker is handed, if it asks for them.
func (i *Interrupter) Task(registers *unwind.Registers) *unwind.Task {
	i.task.Interrupted = registers
	return &i.task
}

// Access notes what a walker reads of the task's memory.
func (i *Interrupter) Access() *Access { return &i.mem.Access }

// Calls are the return addresses of the exception's own calls that have not returned, outermost first.
func (i *Interrupter) Calls() []uint64 { return i.calls }

// Take interrupts the run before a step, which is not before the last one, hands the task in the handler to walk, and
// returns from the interrupt. It returns a *Disturbance if the run is not as it was, then or, if finish is set, at its
// end.
func (i *Interrupter) Take(step int, entry *scenarios.ExceptionEntry, unmaskable, finish bool, walk func()) error {
	if entry.Vector == 0 {
		return ErrNoEntry
	}
	if err := i.goTo(step); err != nil {
		return err
	}
	i.stores, i.calls, i.handlers = i.stores[:0], i.calls[:0], i.handlers[:0]
	return i.m.Fork(func() error {
		before, err := i.m.Regs()
		if err != nil {
			return err
		}
		if !i.hasRoom(entry, &before) {
			return ErrNotTaken
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
		if unmaskable && entry.Event == 0 {
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
func (i *Interrupter) goTo(step int) error {
	if err := i.m.Advance(step - i.step); err != nil {
		return err
	}
	i.step = step
	return nil
}
