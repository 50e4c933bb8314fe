// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const irqVector = codeBase + 0x280

func exceptionsRun(t testing.TB) testRun {
	for _, run := range testRuns(t) {
		if run.name == "exceptions" {
			return run
		}
	}
	t.Fatal("no such program")
	return testRun{}
}

// An interrupt before any instruction that is not masked goes through the vector and back without a trace in registers
// and memory above the stack, and the program ends as if nothing had happened.
func TestInterruptAnywhere(t *testing.T) {
	run := exceptionsRun(t)
	undisturbed := run.record(t, Full, 0)
	for n := range undisturbed.Len() {
		m := run.machine(t)
		if err := m.Advance(n); err != nil {
			t.Fatal(err)
		}
		before, _ := m.Regs()
		if before.PState&PStateI != 0 {
			continue // in a handler that has not saved ELR_EL1 and SPSR_EL1
		}
		if err := m.Enter(irqVector); err != nil {
			t.Fatal(err)
		}
		entered, _ := m.Regs()
		want := before
		want.PC, want.PState = irqVector, before.PState|PStateDAIF
		if diff := cmp.Diff(want, entered); diff != "" {
			t.Fatalf("step %d, on entry: %s", n, diff)
		}
		spsr, _ := m.SysReg(SPSR_EL1)
		elr, _ := m.SysReg(ELR_EL1)
		if spsr != before.PState || elr != before.PC {
			t.Errorf("step %d: SPSR_EL1 %#x, ELR_EL1 %#x, want %#x, %#x", n, spsr, elr, before.PState, before.PC)
		}
		r, err := m.Record(RunOptions{Until: before.PC, Verify: true})
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		if diff := cmp.Diff(before, r.End); diff != "" {
			t.Fatalf("step %d, on return: %s", n, diff)
		}
		last := r.Chunks[0].Transfers[len(r.Chunks[0].Transfers)-1]
		if last.Kind != ExceptionReturn || last.To != before.PC || int(last.Step) != r.Len()-1 {
			t.Errorf("step %d: last transfer %+v", n, last)
		}
		if r, err = m.Record(RunOptions{Until: run.until}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(undisturbed.End, r.End); diff != "" {
			t.Fatalf("step %d, end of the program: %s", n, diff)
		}
	}
}

func TestBreakpointIsVectored(t *testing.T) {
	run := exceptionsRun(t)
	m := run.machine(t)
	r, err := m.Record(RunOptions{Until: run.until, Mode: Full, ChunkSteps: 3, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	all := flatten(r)
	i := -1
	for n, x := range all.Transfers {
		if x.Kind == Exception {
			i = n
		}
	}
	if i < 0 {
		t.Fatal("no exception")
	}
	entry, back := all.Transfers[i], all.Transfers[i+1]
	brk := all.Full[entry.Step]
	if w, _ := m.Word(brk.PC); uint32(w) != 0xd4202460 { // brk #0x123
		t.Fatalf("the exception is at %#x", brk.PC)
	}
	handler := all.Full[entry.Step+1]
	want := brk
	want.PC, want.PState = codeBase+0x200, brk.PState|PStateDAIF
	if diff := cmp.Diff(want, handler); diff != "" {
		t.Error(diff)
	}
	if entry.To != codeBase+0x200 || back.Kind != ExceptionReturn || back.To != brk.PC+4 {
		t.Errorf("there %+v, back %+v", entry, back)
	}
	after := all.Full[back.Step+1]
	want = brk
	want.PC += 4
	if diff := cmp.Diff(want, after); diff != "" {
		t.Error(diff)
	}
	for reg, want := range map[SysReg]uint64{ESR_EL1: 0xf2000123, SPSR_EL1: brk.PState, VBAR_EL1: codeBase,
		ELR_EL1: brk.PC + 4} {
		if got, err := m.SysReg(reg); got != want || err != nil {
			t.Errorf("%v is %#x, want %#x (%v)", reg, got, want, err)
		}
	}
}

func TestSystemRegisters(t *testing.T) {
	c := config(words(
		0xd5384100, // mrs x0, sp_el0
		0xd538d081, // mrs x1, tpidr_el1
		0xd5384243, // mrs x3, currentel
		0xd5384204, // mrs x4, spsel
	))
	c.SPEL0, c.TPIDREL1 = 0x1122334455667788, 0x8877665544332211
	m := newMachine(t, c, startRegs())
	if err := m.Advance(4); err != nil {
		t.Fatal(err)
	}
	r, _ := m.Regs()
	if r.X[0] != c.SPEL0 || r.X[1] != c.TPIDREL1 || r.X[3] != 4 || r.X[4] != 1 {
		t.Errorf("%#x", r.X[:5])
	}
	for reg := range SysReg(len(sysRegs)) {
		const value = 0x3c0 // fits all of them
		if err := m.SetSysReg(reg, value); err != nil {
			t.Error(reg, err)
		}
		if got, err := m.SysReg(reg); got != value || err != nil {
			t.Errorf("%v is %#x (%v)", reg, got, err)
		}
	}
	if _, err := m.SysReg(99); err == nil {
		t.Error("SysReg(99) was read")
	}
	if err := m.SetSysReg(99, 0); err == nil {
		t.Error("SysReg(99) was written")
	}
}
