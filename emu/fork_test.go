// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// From every step of a program, the machine goes off to run the program's rest, changes memory and registers, and
// comes back; in the end nothing of it may be seen.
func TestFork(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		undisturbed := run.record(t, Full, 0)
		m := run.machine(t)
		for n := range undisturbed.Len() {
			before, _ := m.Regs()
			memory := m.Snapshot()
			err := m.Fork(func() error {
				if err := m.Run(run.until, 0); err != nil {
					return err
				}
				r, _ := m.Regs()
				if r != undisturbed.End {
					t.Errorf("step %d: the fork ended elsewhere", n)
				}
				if err := m.Write(dataBase+1, []byte("written in the fork")); err != nil {
					return err
				}
				if err := m.Write(data2Base-5, []byte("across regions")); err != nil {
					return err
				}
				if err := m.SetSysReg(SP_EL0, 1); err != nil {
					return err
				}
				return m.SetRegs(Regs{})
			})
			if err != nil {
				t.Fatal(err)
			}
			after, _ := m.Regs()
			if diff := cmp.Diff(before, after); diff != "" {
				t.Fatalf("step %d: %s", n, diff)
			}
			if err := m.Compare(memory); err != nil {
				t.Fatal(err)
			}
			if v, _ := m.SysReg(SP_EL0); v != run.config.SPEL0 {
				t.Fatalf("SP_EL0 is %#x", v)
			}
			if err := m.Advance(1); err != nil {
				t.Fatal(err)
			}
		}
		if r, _ := m.Regs(); r != undisturbed.End {
			t.Error("the program ended elsewhere")
		}
	})
}

func TestNestedForks(t *testing.T) {
	m := newMachine(t, config(nil), startRegs())
	word := func() uint64 { w, _ := m.Word(dataBase); return w }
	start := word()
	put := func(v uint64) {
		if err := m.PutWord(dataBase, v); err != nil {
			t.Fatal(err)
		}
	}
	failure := errors.New("fork failed")
	err := m.Fork(func() error {
		put(1)
		if err := m.Fork(func() error { put(2); put(3); return failure }); err != failure {
			t.Error(err)
		}
		if word() != 1 {
			t.Errorf("after the inner fork: %d", word())
		}
		put(4)
		return nil
	})
	if err != nil || word() != start {
		t.Errorf("%v, %#x", err, word())
	}
}

// A fork whose run fails comes back, too.
func TestForkWithFailure(t *testing.T) {
	m := newMachine(t, config(words(0xf9000000, 0xd40000e1)), startRegs()) // str x0, [x0]; svc #7
	memory := m.Snapshot()
	if err := m.Fork(func() error { return m.Run(NoAddress, 0) }); !errors.Is(err, ErrException) {
		t.Error(err)
	}
	if err := m.Compare(memory); err != nil || m.PC() != codeBase {
		t.Errorf("%v, pc %#x", err, m.PC())
	}
}

func TestSaveUndoRestore(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		m := run.machine(t)
		memory := m.Snapshot()
		context, err := m.Save()
		if err != nil {
			t.Fatal(err)
		}
		first, err := m.Record(RunOptions{Until: run.until, ChunkSteps: 10})
		if err != nil {
			t.Fatal(err)
		}
		for i := len(first.Chunks) - 1; i >= 0; i-- {
			if err := m.Undo(first.Chunks[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Compare(memory); err != nil {
			t.Error(err)
		}
		if err := m.Restore(context); err != nil {
			t.Fatal(err)
		}
		second, err := m.Record(RunOptions{Until: run.until, ChunkSteps: 10})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second, cmp.AllowUnexported(Recording{}, Memory{}, memoryRegion{})); diff != "" {
			t.Error(diff)
		}
	})
}
