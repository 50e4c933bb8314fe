// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"errors"

	"stacksweep/emu"
	"stacksweep/scenarios"
)

// TakeFirst interrupts the run before a step, which is not before the last one, and keeps what the exception does until
// it has returned. Nothing in it is tampered with: what it restores only by accident is found out when it is taken
// alone. It returns a *Disturbance if it doesn't come back, or the run is not as it was.
func (i *Interrupter) TakeFirst(step int, entry *scenarios.ExceptionEntry, into *emu.Chunk) error {
	if err := i.goTo(step); err != nil {
		return err
	}
	i.stores = i.stores[:0]
	return i.m.Fork(func() (err error) {
		if i.before, err = i.m.Regs(); err != nil {
			return err
		}
		if !i.hasRoom(entry, &i.before) {
			return ErrNotTaken
		}
		i.handlers = append(i.handlers[:0], i.handlerStack(entry, i.before.SP))
		if err := i.m.Enter(entry.Vector); err != nil {
			return err
		}
		o := emu.RunOptions{Until: emu.NoAddress, UntilReturn: true, Limit: HandlerSteps, ChunkSteps: HandlerSteps,
			Mode: i.options.Mode}
		err = i.m.Stream(o, func(c *emu.Chunk) error {
			keepChunk(into, c)
			into.First = step
			if i.options.Visited != nil {
				i.options.Visited.Add(c.PC)
			}
			return nil
		})
		if err != nil {
			return inInterrupt(err)
		}
		i.stores = append(i.stores, into.Stores...)
		return i.unchanged(&i.before)
	})
}

// keepChunk copies a chunk into one whose memory is reused.
func keepChunk(into, c *emu.Chunk) {
	into.First, into.Steps = c.First, c.Steps
	into.PC = append(into.PC[:0], c.PC...)
	into.Stores = append(into.Stores[:0], c.Stores...)
	into.Frames = append(into.Frames[:0], c.Frames...)
	into.Transfers = append(into.Transfers[:0], c.Transfers...)
	into.Full = append(into.Full[:0], c.Full...)
}

// InsideFirst takes the exception that takeFirst has kept once more, and lets visit do something before each of its
// steps.
func (i *Interrupter) InsideFirst(entry *scenarios.ExceptionEntry, first *emu.Chunk, visit func() error) error {
	return i.m.Fork(func() error {
		if err := i.m.Enter(entry.Vector); err != nil {
			return err
		}
		for range first.Steps {
			if err := visit(); err != nil {
				return err
			}
			if err := i.m.Advance(1); err != nil {
				return err
			}
		}
		return nil
	})
}

// TakeSecond takes an exception before a step of the first one, where the machine stands, hands the task in the handler
// to walk, returns from it, and lets the first one return. It returns a *Disturbance if the first exception is not as
// it was after the second, or the run is not as it was after the first or, if finish is set, at its end.
//
// Unlike take it overwrites no registers in the handler but ELR_EL1 and SPSR_EL1: that entry and exit code keeps the
// others at all is known from exceptions that are taken alone. Here it matters that nothing is lost of the first one.
func (i *Interrupter) TakeSecond(first *emu.Chunk, second int, entry *scenarios.ExceptionEntry, finish bool,
	walk func()) error {
	i.stores, i.calls, i.handlers = i.stores[:0], i.calls[:0], i.handlers[:1]
	for n := range first.Stores {
		if int(first.Stores[n].Step) >= second {
			break
		}
		i.stores = append(i.stores, first.Stores[n])
	}
	earlier := len(i.stores)
	return i.m.Fork(func() (err error) {
		if i.inside, err = i.m.Regs(); err != nil {
			return err
		}
		if !i.hasRoom(entry, &i.inside) || entry.Event == 0 && i.overInterrupted(i.inside.SP) {
			return ErrNotTaken
		}
		saved, err := saveSystem(i.m)
		if err != nil {
			return err
		}
		if err := i.enter(entry, &i.inside); err != nil {
			return err
		}
		walk()
		if err := i.comeBack(entry, &i.inside); err != nil {
			return err
		}
		if err := i.unchangedSince(earlier, &i.inside); err != nil {
			return err
		}
		switch { // as in take
		case entry.Event != 0:
			err = i.sameSystem(&saved)
		case i.inside.PState&emu.PStateI != 0:
			err = saved.restore(i.m)
		}
		if err != nil {
			return err
		}
		if err := i.runSteps(first.Steps - second); err != nil {
			return err
		}
		if err := i.unchangedSince(0, &i.before); err != nil {
			return afterBoth(err)
		}
		if finish {
			return afterBoth(i.finish())
		}
		return nil
	})
}

// overInterrupted reports whether a stack pointer within the first exception lies above that of the code which it
// interrupted, on the same stack. The vectors compute with SP while they test for an overflow: for a few instructions
// it is what it was less the size of the registers, plus X0. Where X0 is a small number that is an aligned address
// among the frames in use, over which a second exception would write.
func (i *Interrupter) overInterrupted(sp uint64) bool {
	return i.stackOf(sp) == i.stackOf(i.before.SP) && sp > i.before.SP
}

// afterBoth says of a Disturbance that it showed when the first exception had returned too.
func afterBoth(err error) error {
	var d *Disturbance
	if errors.As(err, &d) {
		return disturbed("after both exceptions: %s", d.what)
	}
	return err
}

// runSteps executes n instructions, and notes stores.
func (i *Interrupter) runSteps(n int) error {
	err := i.m.AdvanceLogged(n, emu.Transfers, func(c *emu.Chunk) error {
		i.stores = append(i.stores, c.Stores...)
		return nil
	})
	return inInterrupt(err)
}
