// SPDX-License-Identifier: GPL-2.0-only

package emu

import "testing"

// An exception is over when it has returned, not when one within it has: here a BRK, which goes to the same handler. It
// doesn't matter how the run is cut into chunks.
func TestUntilReturn(t *testing.T) {
	// The vector: eret. The handler of BRK: elr_el1 += 4; eret. The code: two NOPs, of which an interrupt is taken
	// before the second.
	code := make([]byte, 0x1000)
	put := func(offset int, w ...uint32) { copy(code[offset:], words(w...)) }
	put(0x800, nop, nop, nop)
	put(0x280, // saves what the BRK overwrites, in x9 and x10
		0xd5384029, // mrs x9, elr_el1
		0xd538400a, // mrs x10, spsr_el1
		0xd4200000, // brk #0
		0xd5184029, // msr elr_el1, x9
		0xd518400a, // msr spsr_el1, x10
		0xd69f03e0) // eret
	put(0x200,
		0xd538402b, // mrs x11, elr_el1
		0x9100116b, // add x11, x11, #4
		0xd518402b, // msr elr_el1, x11
		0xd69f03e0) // eret
	c := config(code)
	c.Vectors = codeBase
	start := startRegs()
	start.PC = codeBase + 0x800
	for _, mode := range []Mode{Sparse, Full, Transfers} {
		for _, chunk := range []int{1, 3, 0} {
			m := newMachine(t, c, start)
			if err := m.Advance(1); err != nil {
				t.Fatal(err)
			}
			if err := m.Enter(irqVector); err != nil {
				t.Fatal(err)
			}
			steps := 0
			err := m.Stream(RunOptions{Until: NoAddress, UntilReturn: true, Limit: 100, Mode: mode, ChunkSteps: chunk},
				func(c *Chunk) error {
					steps += c.Steps
					return nil
				})
			if err != nil || steps != 10 || m.PC() != codeBase+0x804 {
				t.Errorf("mode %v, chunks of %d: %v, %d steps, pc %#x", mode, chunk, err, steps, m.PC())
			}
		}
	}
}

// Inside of a fork, stores are known in every mode: also those of DC ZVA, which the engine doesn't announce.
func TestForkTakesBlocksBack(t *testing.T) {
	m := newMachine(t, config(words(0xd50b7420, nop)), startRegs()) // dc zva, x0
	before := m.Snapshot()
	for _, mode := range []Mode{Transfers, Sparse} {
		err := m.Fork(func() error {
			if err := m.AdvanceLogged(1, mode, func(c *Chunk) error {
				if len(c.Stores) != 8 {
					t.Errorf("mode %v: %d stores", mode, len(c.Stores))
				}
				return nil
			}); err != nil {
				return err
			}
			if w, _ := m.Word(dataBase); w != 0 {
				t.Errorf("mode %v: nothing was cleared", mode)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compare(before); err != nil {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
}

// Two recordings of the halves of a run are that of the whole.
func TestJoin(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		whole := run.record(t, Full, 7)
		for n := 1; n < whole.Len(); n += 41 {
			m := run.machine(t)
			first, _ := m.Record(RunOptions{Until: NoAddress, Limit: n, Mode: Full, ChunkSteps: 7})
			second, err := m.Record(RunOptions{Until: run.until, Mode: Full, ChunkSteps: 7})
			if err != nil {
				t.Fatal(err)
			}
			first.Join(second)
			if first.Len() != whole.Len() || first.End != whole.End {
				t.Fatalf("at %d: %d steps, want %d", n, first.Len(), whole.Len())
			}
			a, b := first.Cursor(), whole.Cursor()
			for step := range whole.Len() + 1 {
				if err := a.Seek(step); err != nil {
					t.Fatal(err)
				}
				_ = b.Seek(step)
				if a.PC() != b.PC() || a.SP() != b.SP() || a.LR() != b.LR() || a.PState() != b.PState() ||
					!sameMemory(a.Memory(), b.Memory()) {
					t.Fatalf("joined at %d: step %d differs", n, step)
				}
			}
		}
	})
}

// A detour over the memory of another cursor shows what happens there, and leaves it as it was.
func TestDetour(t *testing.T) {
	run := exceptionsRun(t)
	c := run.record(t, Sparse, 0).Cursor()
	detour := NewCursor(c.Memory())
	m := run.machine(t)
	for more := true; more; more = c.Next() {
		before := m.Snapshot()
		err := m.Fork(func() error {
			if err := m.Enter(irqVector); err != nil {
				return err
			}
			var chunk *Chunk
			if err := m.Stream(RunOptions{Until: NoAddress, UntilReturn: true, Limit: 100}, func(c *Chunk) error {
				chunk = c
				return nil
			}); err != nil {
				return err
			}
			chunk.First = c.Step()
			detour.Begin(chunk)
			if detour.Step() != c.Step() || detour.PC() != irqVector || detour.PState()&PStateDAIF != PStateDAIF {
				t.Fatalf("step %d: the detour begins at step %d, pc %#x, pstate %#x", c.Step(), detour.Step(),
					detour.PC(), detour.PState())
			}
			for detour.Next() {
			}
			if !sameMemory(m.Snapshot(), detour.Memory()) {
				t.Fatalf("step %d: the detour's memory is another", c.Step())
			}
			detour.Rewind()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !sameMemory(before, c.Memory()) {
			t.Fatalf("step %d: the detour has left something behind", c.Step())
		}
		if err := m.Advance(1); err != nil {
			break // the end
		}
	}
}
