// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flatten joins the chunks of a recording into one, with steps counted from the start of the run.
func flatten(r *Recording) *Chunk {
	all := &Chunk{Steps: r.Len()}
	for _, c := range r.Chunks {
		all.PC = append(all.PC, c.PC...)
		all.Full = append(all.Full, c.Full...)
		for _, s := range c.Stores {
			s.Step += uint32(c.First)
			all.Stores = append(all.Stores, s)
		}
		for _, x := range c.Transfers {
			x.Step += uint32(c.First)
			all.Transfers = append(all.Transfers, x)
		}
		for _, f := range c.Frames {
			f.Step += uint32(c.First)
			if n := len(all.Frames); n > 0 { // a chunk starts with FrameRegs even when nothing has changed
				last := all.Frames[n-1]
				last.Step = f.Step
				if last == f {
					continue
				}
			}
			all.Frames = append(all.Frames, f)
		}
	}
	return all
}

// The reference is a machine that executes one instruction at a time: its registers and memory must be what the
// recordings say, in both modes.
func TestRecordingsAgreeWithSingleSteps(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		full, sparse := run.record(t, Full, 0), run.record(t, Sparse, 0)
		if diff := cmp.Diff(full.PC(full.Len()), run.until); diff != "" {
			t.Error("end:", diff)
		}
		stepper := run.machine(t)
		f, s := full.Cursor(), sparse.Cursor()
		for n := range full.Len() {
			want, err := stepper.Regs()
			if err != nil {
				t.Fatal(err)
			}
			got, ok := f.Regs()
			if diff := cmp.Diff(want, got); diff != "" || !ok {
				t.Fatalf("full mode, step %d, pc %#x:\n%s", n, want.PC, diff)
			}
			for mode, c := range map[string]*Cursor{"full": f, "sparse": s} {
				checkFrame(t, mode, c, n, want)
				if err := stepper.Compare(c.Memory()); err != nil {
					t.Fatalf("%s mode, step %d, pc %#x: %v", mode, n, want.PC, err)
				}
			}
			last := n == full.Len()-1
			if f.Next() == last || s.Next() == last {
				t.Fatalf("step %d of %d: the cursor ends elsewhere", n, full.Len())
			}
			if err := stepper.Advance(1); err != nil {
				t.Fatal(err)
			}
		}
		end, _ := stepper.Regs()
		checkFrame(t, "full", f, full.Len(), end)
		checkFrame(t, "sparse", s, full.Len(), end)
		if diff := cmp.Diff(end, sparse.End); diff != "" {
			t.Error("end:", diff)
		}
	})
}

func checkFrame(t *testing.T, mode string, c *Cursor, n int, want Regs) {
	t.Helper()
	type frame struct{ PC, SP, FP, LR, PState uint64 }
	got := frame{c.PC(), c.SP(), c.FP(), c.LR(), c.PState()}
	if diff := cmp.Diff(frame{want.PC, want.SP, want.X[29], want.X[30], want.PState &^ PStateNZCV}, got); diff != "" {
		t.Fatalf("%s mode, step %d, pc %#x:\n%s", mode, n, want.PC, diff)
	}
	if c.Step() != n {
		t.Fatalf("%s mode: step %d, want %d", mode, c.Step(), n)
	}
}

func TestChunkBordersDoNotMatter(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		for _, mode := range []Mode{Sparse, Full, Transfers} {
			whole := run.record(t, mode, 0)
			for _, size := range []int{1, 2, 7, 64} {
				parts := run.record(t, mode, size)
				if diff := cmp.Diff(flatten(whole), flatten(parts)); diff != "" {
					t.Fatalf("mode %d, chunks of %d:\n%s", mode, size, diff)
				}
				if parts.Start != whole.Start || parts.End != whole.End {
					t.Errorf("mode %d, chunks of %d: other start or end", mode, size)
				}
			}
		}
	})
}

func TestRecordingIsDeterministic(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		a, b := run.record(t, Full, 100), run.record(t, Full, 100)
		if diff := cmp.Diff(a, b, cmp.AllowUnexported(Recording{}, Memory{}, memoryRegion{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestModesAgreeOnTransfers(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		want := flatten(run.record(t, Full, 0)).Transfers
		if len(want) == 0 && run.name != "stores" {
			t.Error("no transfers")
		}
		for _, mode := range []Mode{Sparse, Transfers} {
			if diff := cmp.Diff(want, flatten(run.record(t, mode, 13)).Transfers); diff != "" {
				t.Errorf("mode %d: %s", mode, diff)
			}
		}
	})
}

// A transfer says what a full recording says of the step after it.
func TestTransfersAreAsOnArrival(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		r := run.record(t, Full, 0)
		all := flatten(r)
		for _, x := range all.Transfers {
			arrival := r.End
			if int(x.Step)+1 < r.Len() {
				arrival = all.Full[x.Step+1]
			}
			want := Transfer{x.Step, x.Kind, arrival.PC, arrival.SP, arrival.X[29], arrival.X[30]}
			if diff := cmp.Diff(want, x); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestTransferKinds(t *testing.T) {
	counts := map[string]map[TransferKind]int{}
	forEachRun(t, func(t *testing.T, run testRun) {
		counts[run.name] = map[TransferKind]int{}
		for _, x := range flatten(run.record(t, Sparse, 0)).Transfers {
			counts[run.name][x.Kind]++
		}
	})
	want := map[string]map[TransferKind]int{
		"calls":      {Call: 71, Return: 71, Link: 1},
		"stores":     {},
		"pac":        {Call: 5, Return: 5, Link: 1},
		"exceptions": {Call: 1, Return: 1, Exception: 1, ExceptionReturn: 1},
		"aborts":     {Call: 1, Return: 1, Exception: 25, ExceptionReturn: 25},
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

// A run that stops right where a transfer goes has the transfer, and one that goes on from there has it no more.
func TestTransferAtTheEnd(t *testing.T) {
	code := words(0x94000002, 0xd503201f, 0xd65f03c0) // bl +8; nop; ret
	for _, mode := range []Mode{Sparse, Full, Transfers} {
		m := newMachine(t, config(code), startRegs())
		r, err := m.Record(RunOptions{Until: codeBase + 8, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		want := []Transfer{{0, Call, codeBase + 8, stackTop, startRegs().X[29], codeBase + 4}}
		if diff := cmp.Diff(want, flatten(r).Transfers); diff != "" {
			t.Error(diff)
		}
		r, err = m.Record(RunOptions{Until: codeBase + 4, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		want = []Transfer{{0, Return, codeBase + 4, stackTop, startRegs().X[29], codeBase + 4}}
		if diff := cmp.Diff(want, flatten(r).Transfers); diff != "" {
			t.Error(diff)
		}
	}
}

// How single instructions show in the log.
func TestStoreEntries(t *testing.T) {
	const (
		x2 = 0x1111_1111_1111_1111
		x3 = 0x2222_2222_2222_2222
	)
	page := uint64(dataBase + PageSize)
	zeroed := func(addr uint64) (block []Store) {
		for i := range uint64(8) {
			block = append(block, Store{Size: 8, Addr: addr + 8*i})
		}
		return block
	}
	for _, test := range []struct {
		name string
		word uint32
		want []Store // Old is filled in
	}{
		{"strb w2, [x0]", 0x39000002, []Store{{Size: 1, Addr: page, New: 0x11}}},
		{"strh w2, [x0]", 0x79000002, []Store{{Size: 2, Addr: page, New: 0x1111}}},
		{"str w2, [x0]", 0xb9000002, []Store{{Size: 4, Addr: page, New: 0x11111111}}},
		{"str x2, [x0]", 0xf9000002, []Store{{Size: 8, Addr: page, New: x2}}},
		{"stur x2, [x0, #-4] across a page", 0xf81fc002, []Store{{Size: 8, Addr: page - 4, New: x2}}},
		{"stp x2, x3, [x0]", 0xa9000c02, []Store{{Size: 8, Addr: page, New: x2}, {Size: 8, Addr: page + 8, New: x3}}},
		{"stp w2, w3, [x0]", 0x29000c02,
			[]Store{{Size: 4, Addr: page, New: x2 & 0xffffffff}, {Size: 4, Addr: page + 4, New: x3 & 0xffffffff}}},
		{"str q0, [x0]", 0x3d800000, []Store{{Size: 8, Addr: page}, {Size: 8, Addr: page + 8}}},
		{"dc zva, x0", 0xd50b7420, zeroed(page)},
		{"ldadd x2, x4, [x0]", 0xf8220004, []Store{{Size: 8, Addr: page}}},
		{"str x2, [x1, #-4] across regions", 0xf81fc022, []Store{
			{Size: 1, Addr: data2Base - 4, New: 0x11}, {Size: 1, Addr: data2Base - 3, New: 0x11},
			{Size: 1, Addr: data2Base - 2, New: 0x11}, {Size: 1, Addr: data2Base - 1, New: 0x11},
			{Size: 1, Addr: data2Base, New: 0x11}, {Size: 1, Addr: data2Base + 1, New: 0x11},
			{Size: 1, Addr: data2Base + 2, New: 0x11}, {Size: 1, Addr: data2Base + 3, New: 0x11},
		}},
	} {
		start := startRegs()
		start.X[0], start.X[1], start.X[2], start.X[3] = page, data2Base, x2, x3
		m := newMachine(t, config(words(nop, test.word)), start)
		for i := range test.want {
			s := &test.want[i]
			s.Step = 1
			var old [8]byte
			if err := m.Read(s.Addr, old[:s.Size]); err != nil {
				t.Fatal(err)
			}
			s.Old = binary.LittleEndian.Uint64(old[:])
			if test.word == 0xf8220004 {
				s.New = s.Old + x2
			}
		}
		r, err := m.Record(RunOptions{Until: codeBase + 8, Verify: true})
		if err != nil {
			t.Fatal(test.name, err)
		}
		if diff := cmp.Diff(test.want, r.Chunks[0].Stores); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

func TestVerifyFindsUnloggedStores(t *testing.T) {
	run := testRuns(t)[0]
	m := run.machine(t)
	r, err := m.Record(RunOptions{Until: run.until, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	const addr = dataBase + 0x123
	if err := m.Write(addr, []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	err = r.Verify(m)
	if !errors.Is(err, ErrUnlogged) {
		t.Fatal(err)
	}
	const want = `unlogged change of memory at 0xffff000010000123 in "data" [0xffff000010000000, 0xffff000010004000) rw-: the machine has 0xff, the replica 0x74`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
