// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"testing"

	"stacksweep/internal/arm64"
)

// What an instruction has loaded is what was in the memory that it is said to read: of all LDR with an X register that
// a run executes.
func TestReadsAreWhatWasLoaded(t *testing.T) {
	s := newStub(t, "fgraph/return@0")
	c, m := s.Run.Recording.Cursor(), &motion{recording: s.Run.Recording}
	checked := 0
	for step := range s.Run.Len() - 1 {
		if err := c.Seek(step); err != nil {
			t.Fatal(err)
		}
		const ldr, mask = 0xf8400000, 0xfe400000 // any LDR Xt, whatever its address
		pc, word := c.PC(), m.word(c.PC())
		if word&mask != ldr || word&0x80000000 == 0 || word&(1<<23) != 0 {
			continue
		}
		regs, full := c.Regs()
		if !full {
			t.Fatal("not all registers are known")
		}
		access, ok := arm64.Load(word, pc, func(n int) uint64 {
			if n == arm64.SP {
				return regs.SP
			}
			return regs.X[n]
		})
		if !ok || access.Size != 8 {
			t.Fatalf("step %d: %08x reads %v, %v", step, word, access, ok)
		}
		want, there := c.Memory().Word(access.Addr)
		if err := c.Seek(step + 1); err != nil {
			t.Fatal(err)
		}
		after, _ := c.Regs()
		if target := word & 31; target != 31 && (!there || after.X[target] != want) {
			t.Fatalf("step %d: %08x at %s has loaded %#x, at %#x is %#x", step, word, s.Run.Name(pc), after.X[target],
				access.Addr, want)
		}
		checked++
	}
	if checked < 500 {
		t.Errorf("%d loads", checked)
	}
}
