// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// abort is what the handler of testdata/aborts.s notes.
type abort struct{ ESR, FAR, ELR, SPSR uint64 }

// A load or store that can't be done goes to the vectors, and has had no effect at all: not on registers, be it
// writeback or the first register of two, nor on memory. In FAR_EL1 is the first byte that could not be accessed.
func TestDataAbortsAreVectored(t *testing.T) {
	const (
		end       = data2Base + data2Size
		stackLow  = stackBase
		readNone  = 0x96000007 // EC 0x25, IL, translation fault of level 3
		writeNone = 0x96000047 // and WnR
		writeProt = 0x9600004f // permission fault of level 3
	)
	want := []struct{ esr, far uint64 }{
		{readNone, end}, {writeNone, end}, {readNone, end + 0xf0}, {writeNone, end}, // single
		{readNone, end}, {writeNone, end}, {readNone, end}, // across the end
		{readNone, end}, {writeNone, end}, {readNone, end}, {writeNone, end}, {readNone, end}, // pairs
		{writeProt, codeBase + 0x810}, {writeProt, codeBase + 0x820}, // code
		{readNone, end}, {writeNone, end}, {readNone, end}, {writeNone, end}, // unprivileged, atomic, block
		{readNone, end}, {readNone, end}, {writeNone, end}, // SIMD
		{writeNone, stackLow - 16}, {writeNone, stackLow - 32}, {readNone, stackLow - 16}, // SP
		{writeNone, end}, // in a leaf
	}
	var run testRun
	for _, r := range testRuns(t) {
		if r.name == "aborts" {
			run = r
		}
	}
	for _, mode := range []Mode{Full, Sparse, Transfers} {
		for _, chunk := range []int{0, 1, 7} {
			m := run.machine(t)
			r, err := m.Record(RunOptions{Until: run.until, Limit: 1000, Mode: mode, ChunkSteps: chunk,
				Verify: mode != Transfers})
			if err != nil {
				t.Fatal(err)
			}
			all := flatten(r)
			n := 0
			for _, x := range all.Transfers {
				if x.Kind != Exception {
					continue
				}
				var got abort
				for i, field := range []*uint64{&got.ESR, &got.FAR, &got.ELR, &got.SPSR} {
					if *field, err = m.Word(dataBase + 0x400 + uint64(32*n+8*i)); err != nil {
						t.Fatal(err)
					}
				}
				if got.ESR != want[n].esr || got.FAR != want[n].far || x.To != codeBase+0x200 {
					t.Errorf("abort %d at %#x: ESR_EL1 %#x, FAR_EL1 %#x; want %#x, %#x", n, got.ELR, got.ESR, got.FAR,
						want[n].esr, want[n].far)
				}
				n++
				if mode != Full {
					continue
				}
				before, after := all.Full[x.Step], all.Full[x.Step+1]
				if got.ELR != before.PC || got.SPSR != before.PState {
					t.Errorf("abort %d: ELR_EL1 %#x, SPSR_EL1 %#x; want %#x, %#x", n, got.ELR, got.SPSR, before.PC,
						before.PState)
				}
				before.PC, before.PState = x.To, before.PState|PStateDAIF
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("abort %d: (-before +in the handler)\n%s", n, diff)
				}
				for _, s := range all.Stores {
					if s.Step == x.Step {
						t.Errorf("abort %d has stored %+v", n, s)
					}
				}
			}
			if n != len(want) {
				t.Fatalf("%d aborts, want %d", n, len(want))
			}
			// D0 has what it had before the loads into it.
			if end, _ := m.Regs(); end.X[8] != stackTop {
				t.Errorf("D0 is %#x, want %#x", end.X[8], uint64(stackTop))
			}
		}
	}
}

// Without DataAborts, or without vectors, the same access ends the run; so does in any case a fetch.
func TestUnwantedAborts(t *testing.T) {
	ldr, ret1 := words(0xf9400021), words(0xd65f0020) // ldr x1, [x1]; ret x1
	for _, tt := range []struct {
		code    []byte
		vectors uint64
		aborts  bool
	}{{ldr, codeBase, false}, {ldr, 0, true}, {ret1, codeBase, true}} {
		c := config(tt.code)
		c.Vectors, c.DataAborts = tt.vectors, tt.aborts
		r := startRegs()
		r.X[1] = 0x1000
		if err := newMachine(t, c, r).Run(NoAddress, 100); !errors.Is(err, ErrFault) {
			t.Errorf("vectors at %#x, aborts %v: %v, want a fault", tt.vectors, tt.aborts, err)
		}
	}
}
