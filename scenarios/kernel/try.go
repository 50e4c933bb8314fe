// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"errors"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/scenarios/kernel/pick"
	"stacksweep/unwind"
)

// tryLimit is how many instructions a call may take to be worth sweeping.
const tryLimit = 2000

// A laboratory calls functions to see what they do. Each call is undone.
type laboratory struct {
	run      *scenarios.Run
	machine  *emu.Machine
	stack    unwind.Range // without the pt_regs at its top
	stubs    unwind.Range // our own code
	caller   uint64       // the stub that calls a function
	back     uint64       // where the function returns to
	callback uint64
}

// newLaboratory makes a machine in which stub_start calls what it finds in its table.
func (k *Kernel) newLaboratory(pac *emu.PACKeys) (*laboratory, error) {
	run, err := k.build("", scenarios.Options{}, func(b *builder, _ string) { b.checkX20() })
	if err != nil {
		return nil, err
	}
	run.Config.PAC = pac
	l := k.layout()
	code := k.stubs.Segments[0]
	t := &laboratory{
		run:      run,
		stack:    unwind.Range{Start: run.Task.Stacks[0].Low, End: run.Task.PtRegs},
		stubs:    unwind.Range{Start: code.Addr, End: code.End()},
		caller:   l.Symbol("stub_call_clean"),
		back:     l.Symbol("stub_clean_back"),
		callback: l.Symbol("stub_observe"),
	}
	if l.Err() != nil {
		return nil, l.Err()
	}
	t.machine, err = emu.New(run.Config)
	return t, err
}

// Close implements [pick.Laboratory].
func (t *laboratory) Close() { t.machine.Close() }

// errUnclean says that a function did something that a scenario can't have.
var errUnclean = errors.New("not a clean call")

// Call implements [pick.Laboratory].
func (t *laboratory) Call(f unwind.Range, set int, at uint64, dirt byte) (o pick.Outcome, err error) {
	err = t.machine.Fork(func() error {
		args := pick.MakeArguments(set, at, t.callback)
		return t.execute(f, args, dirt, &o)
	})
	return o, err
}

func (t *laboratory) execute(f unwind.Range, args *pick.Arguments, dirt byte, o *pick.Outcome) error {
	m := t.machine
	var err error
	write := func(addr uint64, p []byte) { err = errors.Join(err, m.Write(addr, p)) }
	args.Place(write)
	if dirt != 0 {
		page := make([]byte, guest.PageSize)
		for i := range page {
			page[i] = dirt
		}
		write(t.stack.End-2*guest.PageSize, page)
		write(t.stack.End-guest.PageSize, page)
	}
	err = errors.Join(err, m.PutWord(dataBase, t.caller), m.PutWord(dataBase+56, f.Start))
	for i, a := range args.Registers {
		err = errors.Join(err, m.PutWord(dataBase+8+8*uint64(i), a))
	}
	if err := errors.Join(err, m.SetRegs(t.run.Start)); err != nil {
		return err
	}
	o.Visits = make([]int, (f.End-f.Start)/4)
	foreign := map[uint64]byte{} // what was at addresses that the call has changed
	returned := false
	err = m.Stream(emu.RunOptions{Until: t.run.Until, Limit: tryLimit}, func(c *emu.Chunk) error {
		o.Steps += c.Steps
		for _, pc := range c.PC {
			if f.Contains(pc) {
				o.Visits[(pc-f.Start)/4]++
			}
		}
		returned = returned || t.returned(c)
		t.noteStores(c, args, foreign)
		return nil
	})
	if err != nil {
		return err
	}
	if !returned || !t.unchanged(foreign) {
		return errUnclean
	}
	if end, err := m.Regs(); err != nil || t.run.Start.X[18] != 0 && end.X[18] != t.run.Start.X[18] {
		return errors.Join(err, errUnclean) // the shadow call stack isn't where it was
	}
	for _, c := range t.run.Checks {
		if got, err := m.Word(c.Addr); err != nil || got != c.Want {
			return errUnclean
		}
	}
	o.Result, err = m.Word(dataBase + 56)
	return err
}

// returned reports whether the call returned in this chunk, with no interrupts masked, and SP and X29 as
// stub_call_clean had them: both at its frame record.
func (t *laboratory) returned(c *emu.Chunk) bool {
	at := -1 // the frame registers of the step
	for i, pc := range c.PC {
		for at+1 < len(c.Frames) && int(c.Frames[at+1].Step) <= i {
			at++
		}
		if pc == t.back {
			f := &c.Frames[at]
			return f.PState&emu.PStateDAIF == 0 && f.SP == f.FP && f.SP == t.stack.End-unwind.RecordSize
		}
	}
	return false
}

// noteStores remembers the bytes that were overwritten outside the stack and the arguments by others than our own code.
func (t *laboratory) noteStores(c *emu.Chunk, args *pick.Arguments, foreign map[uint64]byte) {
	private := unwind.Range{Start: args.At, End: args.At + pick.ArgumentsSize}
	for i := range c.Stores {
		s := &c.Stores[i]
		if t.onStack(s.Addr) || private.Contains(s.Addr) || t.stubs.Contains(c.PC[s.Step]) {
			continue
		}
		for b := range uint64(s.Size) {
			if _, noted := foreign[s.Addr+b]; !noted {
				foreign[s.Addr+b] = byte(s.Old >> (8 * b))
			}
		}
	}
}

// onStack reports whether an address is on the task's stack, on one of interrupts, or on a shadow call stack.
func (t *laboratory) onStack(addr uint64) bool {
	// a shadow call stack
	if slices.ContainsFunc(t.run.HandlerOutput, func(r unwind.Range) bool { return r.Contains(addr) }) {
		return true
	}
	return t.stack.Contains(addr) || slices.ContainsFunc(t.run.Task.Stacks[1:], func(s unwind.Stack) bool {
		return addr >= s.Low && addr < s.High
	})
}

// unchanged reports whether bytes are what they were.
func (t *laboratory) unchanged(foreign map[uint64]byte) bool {
	for addr, was := range foreign {
		var b [1]byte
		if t.machine.Read(addr, b[:]) != nil || b[0] != was {
			return false
		}
	}
	return true
}
