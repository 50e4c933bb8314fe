// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	movX5One = 0xd2800025 // mov x5, #1
	movX5Two = 0xd2800045 // mov x5, #2
	ret      = 0xd65f03c0
)

// Code that the host changes after it has run is executed as it is then, and known to the recorder as it is then.
func TestHostChangesCode(t *testing.T) {
	m := newMachine(t, config(words(movX5One, 0xd503201f)), startRegs())
	run := func() *Recording {
		r, _ := m.Regs()
		r.PC = codeBase
		if err := m.SetRegs(r); err != nil {
			t.Fatal(err)
		}
		rec, err := m.Record(RunOptions{Until: codeBase + 8, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	before := run()
	if before.End.X[5] != 1 {
		t.Fatalf("x5 is %d", before.End.X[5])
	}
	if err := m.Write(codeBase, words(movX5Two)); err != nil {
		t.Fatal(err)
	}
	if after := run(); after.End.X[5] != 2 {
		t.Errorf("x5 is %d", after.End.X[5])
	}
	if err := m.Write(codeBase, words(0x910043ff)); err != nil { // add sp, sp, #16
		t.Fatal(err)
	}
	after := run()
	if after.End.SP != stackTop+16 {
		t.Errorf("sp is %#x", after.End.SP)
	}
	c := after.Cursor()
	if c.Next(); c.SP() != stackTop+16 {
		t.Errorf("recorded sp is %#x", c.SP())
	}
	if w, ok := before.Cursor().Memory().Word(codeBase); !ok || uint32(w) != movX5One {
		t.Errorf("an old recording has new code: %#x", w)
	}
	if w, ok := after.Cursor().Memory().Word(codeBase); !ok || uint32(w) != 0x910043ff {
		t.Errorf("a new recording has old code: %#x", w)
	}
}

// The same at random: a few instructions that each set a register of their own are overwritten and run, by turns.
func TestHostChangesCodeAnywhere(t *testing.T) {
	const slots = 12
	// mov xSLOT, #value
	set := func(slot int, value uint16) uint32 { return 0xd2800000 | uint32(value)<<5 | uint32(slot) }
	m := newMachine(t, config(nil), startRegs())
	rapid.Check(t, func(t *rapid.T) {
		var want [slots]uint64
		var code [slots]uint16
		for slot := range slots {
			if err := m.Write(codeBase+4*uint64(slot), words(set(slot, 0))); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.SetRegs(Regs{SP: stackTop, PC: codeBase}); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			slot := rapid.IntRange(0, slots-1).Draw(t, "slot")
			code[slot] = rapid.Uint16().Draw(t, "value")
			if err := m.Write(codeBase+4*uint64(slot), words(set(slot, code[slot]))); err != nil {
				t.Fatal(err)
			}
			from := rapid.IntRange(0, slots-1).Draw(t, "from")
			to := rapid.IntRange(from, slots-1).Draw(t, "to")
			r, _ := m.Regs()
			r.PC = codeBase + 4*uint64(from)
			if err := m.SetRegs(r); err != nil {
				t.Fatal(err)
			}
			if err := m.Advance(to - from); err != nil {
				t.Fatal(err)
			}
			for slot := from; slot < to; slot++ {
				want[slot] = uint64(code[slot])
			}
			r, _ = m.Regs()
			if diff := cmp.Diff(want[:], r.X[:slots]); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// Code that the guest changes.
func TestGuestChangesCode(t *testing.T) {
	for _, mode := range []Mode{Sparse, Full, Transfers} {
		code := words(
			0x94000006, // bl +24
			0xb9000082, // str w2, [x4]
			0xd5033fdf, // isb
			0x94000003, // bl +12
			0x14000004, // b +16
			0xd503201f, // nop
			0xd503201f, // changed to: add sp, sp, #16
			0xd65f03c0, // ret
			0xd503201f, // nop
		)
		c := config(code)
		c.Regions[1].Perm |= Write
		start := startRegs()
		start.X[2], start.X[4] = 0x910043ff, codeBase+24
		r, err := newMachine(t, c, start).Record(RunOptions{Until: codeBase + 36, Mode: mode, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.End.SP != stackTop+16 {
			t.Errorf("sp is %#x", r.End.SP)
		}
		all := flatten(r)
		if last := all.Transfers[len(all.Transfers)-1]; last.SP != r.End.SP {
			t.Errorf("mode %d: recorded sp is %#x, want %#x", mode, last.SP, r.End.SP)
		}
	}
}

// What a fork does to code is undone for the engine as well.
func TestForkChangesCode(t *testing.T) {
	m := newMachine(t, config(words(movX5One)), startRegs())
	result := func() uint64 {
		r, _ := m.Regs()
		r.PC = codeBase
		m.SetRegs(r)
		if err := m.Advance(1); err != nil {
			t.Fatal(err)
		}
		r, _ = m.Regs()
		return r.X[5]
	}
	if x := result(); x != 1 {
		t.Fatalf("x5 is %d", x)
	}
	m.Fork(func() error {
		if err := m.Write(codeBase, words(movX5Two)); err != nil {
			return err
		}
		if x := result(); x != 2 {
			t.Errorf("in the fork, x5 is %d", x)
		}
		return nil
	})
	if x := result(); x != 1 {
		t.Errorf("after the fork, x5 is %d", x)
	}
}

func TestHostAccess(t *testing.T) {
	m := newMachine(t, config(nil), startRegs())
	text := []byte("across two regions")
	const addr = data2Base - 7
	if err := m.Write(addr, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if err := m.Read(addr, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, got); diff != "" {
		t.Error(diff)
	}
	before := m.Snapshot()
	if err := m.Write(data2Base+data2Size-3, text); !errors.Is(err, ErrUnmapped) {
		t.Error(err)
	}
	if err := m.Compare(before); err != nil {
		t.Errorf("a write that failed left something: %v", err)
	}
	if err := m.Read(dataBase-1, got); !errors.Is(err, ErrUnmapped) {
		t.Error(err)
	}
}

// Machines are independent of each other. Worth most with -race.
func TestMachinesInParallel(t *testing.T) {
	runs := testRuns(t)
	var wait sync.WaitGroup
	for i := range 8 {
		run := runs[i%len(runs)]
		want := run.record(t, Full, 0)
		wait.Go(func() {
			m, err := New(run.config)
			if err != nil {
				t.Error(err)
				return
			}
			defer m.Close()
			m.SetRegs(run.regs)
			got, err := m.Record(RunOptions{Until: run.until, Mode: Full, Verify: true})
			if err != nil {
				t.Error(err)
				return
			}
			if diff := cmp.Diff(want.End, got.End); diff != "" || got.Len() != want.Len() {
				t.Error(run.name, diff)
			}
			for c := got.Cursor(); c.Next(); {
			}
		})
	}
	wait.Wait()
}
