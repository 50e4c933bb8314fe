// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A run that fails leaves the machine before the instruction that failed, and without any effect of it.
func TestFailures(t *testing.T) {

	for _, test := range []struct {
		name string
		code []uint32
		want RunError
		text string
	}{
		{
			"read of nothing", []uint32{nop, 0xf9400021}, // ldr x1, [x1]
			RunError{Err: ErrFault, Step: 1, PC: codeBase + 4, Word: 0xf9400021, Addr: 0x1000, Access: "read"},
			"memory fault at pc 0xffff800080010004, step 1: read at 0x1000, unmapped",
		},
		{
			"write to nothing", []uint32{nop, 0xf9000021}, // str x1, [x1]
			RunError{Err: ErrFault, Step: 1, PC: codeBase + 4, Word: 0xf9000021, Addr: 0x1000, Access: "write"},
			"memory fault at pc 0xffff800080010004, step 1: write at 0x1000, unmapped",
		},
		{
			"write to code", []uint32{0xf9000042}, // str x2, [x2]
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf9000042, Addr: codeBase + 0x100, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0xffff800080010100, not permitted",
		},
		{
			"second half of a pair", []uint32{0xa9000063}, // stp x3, x0, [x3]
			RunError{Err: ErrFault, PC: codeBase, Word: 0xa9000063, Addr: data2Base + data2Size, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0xffff000010005000, unmapped",
		},
		{
			"part of a word", []uint32{0xf8004061}, // stur x1, [x3, #4]
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf8004061, Addr: data2Base + data2Size, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0xffff000010005000, unmapped",
		},
		{
			"writeback", []uint32{0xf8410c21}, // ldr x1, [x1, #16]!
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf8410c21, Addr: 0x1010, Access: "read"},
			"memory fault at pc 0xffff800080010000, step 0: read at 0x1010, unmapped",
		},
		{
			"writeback of a store", []uint32{0xf8010c21}, // str x1, [x1, #16]!
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf8010c21, Addr: 0x1010, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0x1010, unmapped",
		},
		{
			"writeback of half a pair", []uint32{0xa9800063}, // stp x3, x0, [x3, #0]!
			RunError{Err: ErrFault, PC: codeBase, Word: 0xa9800063, Addr: data2Base + data2Size, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0xffff000010005000, unmapped",
		},
		{
			"writeback of a part", []uint32{0xf8004c61}, // str x1, [x3, #4]!
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf8004c61, Addr: data2Base + data2Size, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0xffff000010005000, unmapped",
		},
		{
			"load of a part", []uint32{0xf8404c61}, // ldr x1, [x3, #4]!
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf8404c61, Addr: data2Base + data2Size, Access: "read"},
			"memory fault at pc 0xffff800080010000, step 0: read at 0xffff000010005000, unmapped",
		},
		{
			"load of half a pair", []uint32{0xa9c00061}, // ldp x1, x0, [x3, #0]!
			RunError{Err: ErrFault, PC: codeBase, Word: 0xa9c00061, Addr: data2Base + data2Size, Access: "read"},
			"memory fault at pc 0xffff800080010000, step 0: read at 0xffff000010005000, unmapped",
		},
		{
			"atomic on nothing", []uint32{0xf8220021}, // ldadd x2, x1, [x1]
			RunError{Err: ErrFault, PC: codeBase, Word: 0xf8220021, Addr: 0x1000, Access: "read"},
			"memory fault at pc 0xffff800080010000, step 0: read at 0x1000, unmapped",
		},
		{
			"block of nothing", []uint32{0xd50b7421}, // dc zva, x1
			RunError{Err: ErrFault, PC: codeBase, Word: 0xd50b7421, Addr: 0x1000, Access: "write"},
			"memory fault at pc 0xffff800080010000, step 0: write at 0x1000, unmapped",
		},
		{
			"return to nothing", []uint32{nop, 0xd65f0020}, // ret x1
			RunError{Err: ErrFault, Step: 2, PC: 0x1000, Addr: 0x1000, Access: "fetch"},
			"memory fault at pc 0x1000, step 2: fetch at 0x1000, unmapped",
		},
		{
			"call of data", []uint32{0xd63f0000}, // blr x0
			RunError{Err: ErrFault, Step: 1, PC: dataBase, Addr: dataBase, Access: "fetch"},
			"memory fault at pc 0xffff000010000000, step 1: fetch at 0xffff000010000000, not permitted",
		},
		{
			"misaligned target", []uint32{0xd61f0080}, // br x4
			RunError{Err: ErrFault, Step: 1, PC: codeBase + 2, Addr: codeBase + 2, Access: "fetch"},
			"memory fault at pc 0xffff800080010002, step 1: fetch at 0xffff800080010002, misaligned",
		},
		{
			"undefined", []uint32{nop, nop, 0x00000000},
			RunError{Err: ErrInstruction, Step: 2, PC: codeBase + 8},
			"undefined instruction at pc 0xffff800080010008, step 2: word 0x00000000",
		},
		{
			"svc", []uint32{nop, 0xd40000e1},
			RunError{Err: ErrException, Step: 1, PC: codeBase + 4, Word: 0xd40000e1, Syndrome: 0x56000007},
			"unhandled exception at pc 0xffff800080010004, step 1: svc #0x7",
		},
		{
			"brk", []uint32{nop, 0xd4210000},
			RunError{Err: ErrException, Step: 1, PC: codeBase + 4, Word: 0xd4210000, Syndrome: 0xf2000800},
			"unhandled exception at pc 0xffff800080010004, step 1: brk #0x800",
		},
		{
			"limit", []uint32{0x14000000}, // b .
			RunError{Err: ErrLimit, Step: 100, PC: codeBase},
			"instruction limit reached at pc 0xffff800080010000, step 100",
		},
	} {
		for _, mode := range []Mode{Sparse, Full, Transfers} {
			t.Run(fmt.Sprintf("%s/%d", test.name, mode), func(t *testing.T) {
				start := startRegs()
				start.PState |= ModeEL1h
				start.X[1], start.X[2], start.X[3], start.X[4] = 0x1000, codeBase+0x100,
					data2Base+data2Size-8, codeBase+2
				m := newMachine(t, config(words(test.code...)), start)
				before := m.Snapshot()
				r, err := m.Record(RunOptions{Until: NoAddress, Limit: 100, Mode: mode, Verify: mode != Transfers})
				var got *RunError
				if !errors.As(err, &got) {
					t.Fatalf("error is %v", err)
				}
				if diff := cmp.Diff(test.text, err.Error()); diff != "" {
					t.Error(diff)
				}
				test.want.Detail = got.Detail
				if diff := cmp.Diff(test.want, *got, cmp.Comparer(func(a, b error) bool {
					return a == b
				})); diff != "" {
					t.Error(diff)
				}
				if !errors.Is(err, test.want.Err) {
					t.Error("the sentinel is not wrapped")
				}
				// Without a log of stores, the first part of several cannot be taken back.
				if err := m.Compare(before); err != nil && mode != Transfers {
					t.Error(err)
				}
				if all := flatten(r); strings.HasPrefix(test.name, "return") || strings.HasPrefix(test.name, "call") {
					if n := len(all.Transfers); n != 1 || all.Transfers[0].To != test.want.PC {
						t.Errorf("transfers %v", all.Transfers)
					}
				}
				end, _ := m.Regs()
				if r.Len() != test.want.Step || r.End != end || end.PC != test.want.PC {
					t.Errorf("recording of %d steps, pc %#x", r.Len(), end.PC)
				}
				start.PC, start.X[30] = end.PC, end.X[30]
				if diff := cmp.Diff(start, end); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A run may end at an address where there is no code, such as the return address of a function that is called alone.
func TestUntilNeedsNoMemory(t *testing.T) {
	for _, until := range []uint64{0x1000, dataBase, codeBase + 2, 1, 0} {
		for _, mode := range []Mode{Sparse, Full, Transfers} {
			start := startRegs()
			start.X[30] = until
			m := newMachine(t, config(words(nop, ret)), start)
			r, err := m.Record(RunOptions{Until: until, Mode: mode})
			if err != nil || r.Len() != 2 || r.End.PC != until || len(r.Chunks[0].Transfers) != 1 {
				t.Errorf("until %#x: %v, %d steps, pc %#x", until, err, r.Len(), r.End.PC)
			}
			if r, err = m.Record(RunOptions{Until: until, Mode: mode}); err != nil || r.Len() != 0 {
				t.Errorf("until %#x, again: %v, %d steps", until, err, r.Len())
			}
		}
	}
}

// After a failure, the machine can go on.
func TestGoOnAfterFailure(t *testing.T) {
	m := newMachine(t, config(words(0xd40000e1, 0xd503201f, 0xf9000000)), startRegs()) // svc; nop; str x0, [x0]
	if err := m.Advance(1); !errors.Is(err, ErrException) {
		t.Fatal(err)
	}
	r, _ := m.Regs()
	r.PC += 4
	if err := m.SetRegs(r); err != nil {
		t.Fatal(err)
	}
	rec, err := m.Record(RunOptions{Until: codeBase + 12, Verify: true})
	if err != nil || rec.Len() != 2 || len(rec.Chunks[0].Stores) != 1 {
		t.Errorf("%v, %d steps", err, rec.Len())
	}
}

// A wait ends at once: nothing else can happen on this machine that would end it.
func TestHintsAreExecuted(t *testing.T) {
	for _, word := range []uint32{0xd503203f, 0xd503205f, 0xd503207f, 0xd503209f} { // yield, wfe, wfi, sev
		m := newMachine(t, config(words(word, 0xd503201f)), startRegs())
		r, err := m.Record(RunOptions{Until: codeBase + 8, Verify: true})
		if err != nil || r.Len() != 2 {
			t.Errorf("word %#x: %v", word, err)
		}
	}
}

// The engine knows no memory copy instructions. That must be an error and not a wrong recording; should it learn
// them, their stores must be logged.
func TestMemoryCopyInstructions(t *testing.T) {
	code := program(t, "mops")
	r, err := newMachine(t, config(code), startRegs()).Record(
		RunOptions{Until: codeBase + uint64(len(code)), Verify: true})
	if err != nil && !(errors.Is(err, ErrInstruction) && !errors.Is(err, ErrUnlogged)) {
		t.Errorf("after %d steps: %v", r.Len(), err)
	}
}

// The last page of the address space is a region like any other.
func TestLastPage(t *testing.T) {
	c := config(words(0xf81f8001)) // stur x1, [x0, #-8], with x0 = 0
	c.Regions = append(c.Regions, Region{Name: "last", Base: 1<<64 - PageSize, Size: PageSize, Perm: Read | Write})
	start := startRegs()
	start.X[0] = 0
	m := newMachine(t, c, start)
	if _, err := m.Record(RunOptions{Until: codeBase + 4, Verify: true}); err != nil {
		t.Fatal(err)
	}
	if w, err := m.Word(1<<64 - 8); w != start.X[1] || err != nil {
		t.Errorf("%#x, %v", w, err)
	}
	if _, err := m.Word(1<<64 - 7); !errors.Is(err, ErrUnmapped) {
		t.Error(err)
	}
}
