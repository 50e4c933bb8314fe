// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// A Disturbance is a way in which an interrupt changed the run that it interrupted.
type Disturbance struct{ what string }

func (d *Disturbance) Error() string { return "not transparent: " + d.what }

func disturbed(format string, args ...any) error { return &Disturbance{fmt.Sprintf(format, args...)} }

// stackOf returns the index of the stack that a stack pointer belongs to, or -1.
func (i *Interrupter) stackOf(sp uint64) int {
	return slices.IndexFunc(i.run.Task.Stacks, func(s unwind.Stack) bool { return s.HasSP(sp) })
}

// hasRoom reports whether an exception can be taken: its registers fit below SP, and X18 points to a shadow call stack
// if there are some; or it brings stacks. While a kernel switches tasks X18 is the task's address for an instruction,
// at which all is masked: only an event that brings a stack arrives there.
func (i *Interrupter) hasRoom(entry *scenarios.ExceptionEntry, regs *emu.Regs) bool {
	if entry.Event != 0 {
		return true
	}
	shadow, x18 := i.run.ShadowCalls.Stacks, regs.X[18]
	if len(shadow) > 0 && !slices.ContainsFunc(shadow, func(r unwind.Range) bool { return r.Contains(x18) }) {
		return false
	}
	sp := regs.SP
	low, overflow := i.run.RegsPlace(sp)
	n := i.stackOf(sp)
	return sp%16 == 0 && n >= 0 && (overflow || low >= i.run.Task.Stacks[n].Low)
}

// unchanged compares registers and memory after an interrupt with what they were before.
func (i *Interrupter) unchanged(before *emu.Regs) error { return i.unchangedSince(0, before) }

// unchangedSince is unchanged for what was stored from the first-th store on.
func (i *Interrupter) unchangedSince(first int, before *emu.Regs) error {
	after, err := i.m.Regs()
	if err != nil {
		return err
	}
	if err := sameRegs(before, &after); err != nil {
		return err
	}
	low := uint64(0)
	if n := i.stackOf(before.SP); n >= 0 {
		low = i.run.Task.Stacks[n].Low
	}
	for n := first; n < len(i.stores); n++ {
		s := &i.stores[n]
		if s.Addr-low < before.SP-low && low != 0 { // most are
			continue
		}
		if i.dead(s.Addr, before.SP) || i.storedBefore(first, n) || i.deadShadow().Contains(s.Addr) {
			continue
		}
		now, err := i.m.Word(s.Addr &^ 7)
		if err != nil {
			return err
		}
		if now = now >> (s.Addr & 7 * 8) & (1<<(8*s.Size) - 1); now != s.Old {
			return disturbed("memory at %#x was %#x and is %#x", s.Addr, s.Old, now)
		}
	}
	return nil
}

// storedBefore reports whether the memory of a store was stored to before, from the first-th store on.
func (i *Interrupter) storedBefore(first, n int) bool {
	for k := first; k < n; k++ {
		if i.stores[k].Addr == i.stores[n].Addr {
			return true
		}
	}
	return false
}

// dead reports whether memory may change, because nothing reads it again: below SP on the interrupted stack, on
// handlers' stacks if they were empty, and where the handler has its own variables.
func (i *Interrupter) dead(addr, sp uint64) bool {
	interrupted := i.stackOf(sp)
	for n, s := range i.run.Task.Stacks {
		if s.Contains(addr, 1) {
			return n == interrupted && addr < sp || n != interrupted && slices.Contains(i.handlers, n)
		}
	}
	for _, r := range i.run.HandlerOutput {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}

// deadShadow is the part of the task's shadow stack above its present top: what traced functions have left there that
// an interrupt's handler has called, which is not read again. It is empty without a tracer.
func (i *Interrupter) deadShadow() (dead unwind.Range) {
	g := i.run.Kernel.Graph
	if g == nil {
		return dead
	}
	base, err := i.m.Word(i.run.Task.Struct + g.RetStack)
	if err != nil || base == 0 {
		return dead
	}
	curr, err := i.m.Word(i.run.Task.Struct + g.CurrRetStack)
	if err != nil {
		return dead
	}
	top := base + 8*uint64(int64(int32(curr)))
	if g.Generation == unwind.GraphStructs {
		top = base + g.EntrySize*uint64(int64(int32(curr))+1)
	}
	for _, r := range i.run.Readable {
		if r.Contains(base) && r.Contains(top) {
			dead = unwind.Range{Start: top, End: r.End}
		}
	}
	return dead
}

// sameSystem compares the system registers that the interrupted code may need with what they were before.
func (i *Interrupter) sameSystem(before *system) error {
	after, err := saveSystem(i.m)
	if err != nil {
		return err
	}
	if after != *before {
		return disturbed("ELR_EL1, SPSR_EL1 and SP_EL0 were %#x and are %#x", *before, after)
	}
	return nil
}

// sameRegs compares registers.
func sameRegs(want, got *emu.Regs) error {
	if *want == *got {
		return nil
	}
	for n := range want.X {
		if want.X[n] != got.X[n] {
			return disturbed("X%d was %#x and is %#x", n, want.X[n], got.X[n])
		}
	}
	for _, r := range []struct {
		name      string
		want, got uint64
	}{{"SP", want.SP, got.SP}, {"PC", want.PC, got.PC}, {"PSTATE", want.PState, got.PState}} {
		if r.want != r.got {
			return disturbed("%s was %#x and is %#x", r.name, r.want, r.got)
		}
	}
	return nil
}

// finish runs on to the end, and compares it with that of the undisturbed run.
func (i *Interrupter) finish() error {
	if err := i.m.Run(i.run.Until, i.run.Limit); err != nil {
		return disturbed("afterwards: %v", err)
	}
	got, err := i.m.Regs()
	if err != nil {
		return err
	}
	if err := sameRegs(&i.end.Regs, &got); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	if err := i.forget(); err != nil {
		return err
	}
	if err := i.m.Compare(i.end.Memory); err != nil {
		return disturbed("at the end: %v", err)
	}
	return nil
}

// forget makes memory that is dead at the end equal to that of the undisturbed run: all of the stacks, since nothing is
// left on them, what is above the top of the shadow stack, and the handler's variables.
func (i *Interrupter) forget() error {
	copyRange := func(start, end uint64) error {
		p := make([]byte, end-start)
		if !i.end.Memory.Read(start, p) {
			return fmt.Errorf("no memory at [%#x, %#x)", start, end)
		}
		return i.m.Write(start, p)
	}
	for _, s := range i.run.Task.Stacks {
		if err := copyRange(s.Low, s.High); err != nil {
			return err
		}
	}
	for _, r := range i.run.HandlerOutput {
		if err := copyRange(r.Start, r.End); err != nil {
			return err
		}
	}
	if dead := i.deadShadow(); dead.End > dead.Start {
		return copyRange(dead.Start, dead.End)
	}
	return nil
}
