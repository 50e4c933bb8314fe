// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Wherever a cursor goes, and whichever way, the state there is that of a machine that has executed so many steps.
func TestSeek(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		var recordings []*Recording
		for _, size := range []int{1, 3, 20, 1000} {
			recordings = append(recordings, run.record(t, Sparse, size))
		}
		length := recordings[0].Len()
		states, memories := statesByStepping(t, run, length)

		rapid.Check(t, func(t *rapid.T) {
			c := rapid.SampledFrom(recordings).Draw(t, "recording").Cursor()
			for range 10 {
				n := c.Step()
				if ahead := c.chunk.Steps - c.at; ahead > 0 && rapid.Bool().Draw(t, "skip") {
					ahead = rapid.IntRange(1, ahead).Draw(t, "ahead")
					n += ahead
					c.Skip(ahead)
				} else if rapid.Bool().Draw(t, "jump") {
					n = rapid.IntRange(0, length).Draw(t, "to")
					if err := c.Seek(n); err != nil {
						t.Fatal(err)
					}
				} else if c.Next() {
					n++
				} else {
					n = length
				}
				want := states[n]
				if c.Step() != n || c.PC() != want.PC || c.SP() != want.SP || c.FP() != want.X[29] ||
					c.LR() != want.X[30] {
					t.Fatalf("step %d: at %d, pc %#x sp %#x fp %#x lr %#x", n, c.Step(), c.PC(), c.SP(), c.FP(), c.LR())
				}
				if !sameMemory(c.Memory(), memories[n]) {
					t.Fatalf("step %d: memory differs", n)
				}
			}
		})
	})
}

// statesByStepping executes a run one instruction at a time.
func statesByStepping(t *testing.T, run testRun, length int) ([]Regs, []*Memory) {
	m := run.machine(t)
	var states []Regs
	var memories []*Memory
	for n := range length + 1 {
		r, err := m.Regs()
		if err != nil {
			t.Fatal(err)
		}
		states, memories = append(states, r), append(memories, m.Snapshot())
		if n < length {
			if err := m.Advance(1); err != nil {
				t.Fatal(err)
			}
		}
	}
	return states, memories
}

func sameMemory(a, b *Memory) bool {
	for i := range a.regions {
		if !bytes.Equal(a.regions[i].data, b.regions[i].data) {
			return false
		}
	}
	return true
}

func TestSeekOutside(t *testing.T) {
	r := testRuns(t)[0].record(t, Sparse, 0)
	c := r.Cursor()
	for _, n := range []int{-1, r.Len() + 1} {
		if err := c.Seek(n); err == nil {
			t.Errorf("step %d of %d was accepted", n, r.Len())
		}
	}
	if err := NewCursor(r.Initial.Clone()).Seek(0); err == nil {
		t.Error("seek in a stream was accepted")
	}
}

func TestCursorOfNothing(t *testing.T) {
	run := testRuns(t)[0]
	run.until = run.regs.PC
	c := run.record(t, Sparse, 0).Cursor()
	if c.Next() || c.PC() != run.regs.PC || c.SP() != run.regs.SP || c.Seek(0) != nil || c.Seek(1) == nil {
		t.Error("the cursor of an empty recording moves or is elsewhere")
	}
}

func TestMemoryWord(t *testing.T) {
	m := testRuns(t)[0].machine(t)
	if err := m.PutWord(data2Base-4, 0x8877665544332211); err != nil { // in two regions
		t.Fatal(err)
	}
	mem := m.Snapshot()
	for _, test := range []struct {
		addr, word uint64
		ok         bool
	}{
		{data2Base - 4, 0x8877665544332211, true},
		{data2Base, 0x88776655, true},
		{data2Base - 3, 0x88776655443322, true},
		{data2Base + data2Size - 8, 0, true},
		{data2Base + data2Size - 7, 0, false},
		{dataBase - 1, 0, false},
		{0, 0, false},
		{1<<64 - 4, 0, false},
	} {
		if word, ok := mem.Word(test.addr); word != test.word || ok != test.ok {
			t.Errorf("%#x: %#x, %v", test.addr, word, ok)
		}
		if word, err := m.Word(test.addr); word != test.word || (err == nil) != test.ok {
			t.Errorf("machine, %#x: %#x, %v", test.addr, word, err)
		}
	}
}

// Code that is added to a recording is there where nothing else was, and what was there is as before.
func TestWithCode(t *testing.T) {
	initial, err := NewMemory([]Region{{Base: 0x2000, Size: 0x10, Data: bytes.Repeat([]byte{1}, 0x10),
		Perm: Read | Write}, {Base: 0x2020, Size: 8, Data: bytes.Repeat([]byte{2}, 8), Perm: Read}})
	if err != nil {
		t.Fatal(err)
	}
	r := &Recording{Mode: Sparse, Initial: initial}
	with, err := r.WithCode([]Region{{Base: 0x1ff0, Size: 0x100, Data: bytes.Repeat([]byte{9}, 0x40),
		Perm: Read | Write | Exec}, {Base: 0x2024, Size: 4, Data: []byte{8, 8, 8, 8}}})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(bytes.Repeat([]byte{9}, 0x10), bytes.Repeat([]byte{1}, 0x10), bytes.Repeat([]byte{9}, 0x10),
		bytes.Repeat([]byte{2}, 8), bytes.Repeat([]byte{9}, 8))
	got := make([]byte, len(want))
	if !with.Initial.Read(0x1ff0, got) || !bytes.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if with.Initial.Read(0x2030, got[:1]) || initial.Read(0x1ff0, got[:1]) {
		t.Error("there is more than the code, or it is in the recording that it was added to")
	}
	if with.Initial.Holds(&Store{Addr: 0x1ff0, Size: 8}) || !with.Initial.Holds(&Store{Addr: 0x2000, Size: 8}) {
		t.Error("the code can be written to, or the rest can't")
	}
}
