// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// record executes a scenario's run in chunks of some size.
func record(t testing.TB, run *scenarios.Run, mode emu.Mode, chunk int) *emu.Recording {
	t.Helper()
	r := runtest.Record(t, run, emu.RunOptions{Mode: mode, ChunkSteps: chunk})
	return r
}

func TestHit(t *testing.T) {
	b := newBreakpoints()
	for _, w := range []watch{{addr: 100, size: 4}, {addr: 200, size: 1}, {addr: 206, size: 2},
		{addr: ^uint64(0), size: 1}} {
		if err := b.insert(writeWatchpoint, w.addr, w.size); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		addr uint64
		size uint8
		want uint64 // 0: no hit
	}{
		{99, 1, 0}, {100, 1, 100}, {103, 1, 103}, {104, 1, 0},
		{96, 4, 0}, {96, 8, 100}, {102, 8, 102}, {104, 8, 0},
		{199, 2, 200}, {200, 8, 200}, {201, 4, 0}, {201, 8, 206},
		{^uint64(0) - 7, 8, ^uint64(0)}, {^uint64(0) - 8, 8, 0},
	} {
		addr, r, ok := b.hit(&emu.Store{Addr: c.addr, Size: c.size})
		if _, _, read := b.read(arm64.Access{Addr: c.addr, Size: uint64(c.size)}); read || ok && r != hitWatch {
			t.Errorf("%d bytes at %d: a read is seen, or a write as %v", c.size, c.addr, r)
		}
		if ok != (c.want != 0) || addr != c.want {
			t.Errorf("%d bytes at %d: %v, %d, want %d", c.size, c.addr, ok, addr, c.want)
		}
	}
}

// writes returns the first byte that the instruction of a step writes of what is watched, store by store.
func writes(r *emu.Recording, b *breakpoints, step int) (addr uint64, ok bool) {
	for _, c := range r.Chunks {
		for i := range c.Stores {
			if c.First+int(c.Stores[i].Step) != step {
				continue
			}
			if addr, _, ok := b.hit(&c.Stores[i]); ok {
				return addr, true
			}
		}
	}
	return 0, false
}

// slowForward and slowBack are the rules of a motion, one step after the other.
func slowForward(r *emu.Recording, b *breakpoints, from int, within *unwind.Range) stop {
	for at := from; ; at++ {
		if at > from {
			if why, ok := b.at(r.PC(at)); ok {
				return stop{step: at, reason: why}
			}
			if within != nil && !within.Contains(r.PC(at)) {
				return stop{step: at}
			}
		}
		if at == r.Len() {
			return stop{step: at, reason: atEnd}
		}
		if addr, ok := writes(r, b, at); ok {
			return stop{at, hitWatch, addr}
		}
	}
}

func slowBack(r *emu.Recording, b *breakpoints, from int) stop {
	for at := from; ; at-- {
		if at < from {
			if why, ok := b.at(r.PC(at)); ok {
				return stop{step: at, reason: why}
			}
		}
		if at == 0 {
			return stop{reason: atStart}
		}
		if addr, ok := writes(r, b, at-1); ok {
			return stop{at, hitWatch, addr}
		}
	}
}

// TestMotion compares motions through a recording in many chunks with going step by step.
func TestMotion(t *testing.T) {
	run := newStub(t, "chain/plain@0").Run.Run
	recording := record(t, run, emu.Sparse, 50)
	if len(recording.Chunks) < 5 {
		t.Fatalf("%d chunks", len(recording.Chunks))
	}
	var stores []emu.Store
	for _, c := range recording.Chunks {
		stores = append(stores, c.Stores...)
	}
	var stops [interrupted]int
	rapid.Check(t, func(t *rapid.T) {
		b := newBreakpoints()
		step := rapid.IntRange(0, recording.Len())
		kind := rapid.Uint64Range(softwareBreakpoint, hardwareBreakpoint)
		for range rapid.IntRange(0, 3).Draw(t, "breakpoints") {
			if err := b.insert(kind.Draw(t, "kind"), recording.PC(step.Draw(t, "at")), 4); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(0, 2).Draw(t, "watchpoints") {
			addr := rapid.SampledFrom(stores).Draw(t, "store").Addr + rapid.Uint64Range(0, 7).Draw(t, "offset")
			if err := b.insert(writeWatchpoint, addr, rapid.Uint64Range(1, 16).Draw(t, "size")); err != nil {
				t.Fatal(err)
			}
		}
		m := &motion{recording: recording, breakpoints: b}
		from := step.Draw(t, "from")
		note := func(name string, want, got stop) {
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(stop{})); diff != "" {
				t.Errorf("%s from %d: %s", name, from, diff)
			}
			stops[got.reason]++
		}
		note("forward", slowForward(recording, b, from, nil), m.forward(from, nil))
		note("back", slowBack(recording, b, from), m.back(from))
		within := &unwind.Range{Start: recording.PC(from) - 16, End: recording.PC(from) + 32}
		note("within", slowForward(recording, b, from, within), m.forward(from, within))

		want := stop{step: from + 1}
		if from == recording.Len() {
			want = stop{step: from, reason: atEnd}
		} else if addr, ok := writes(recording, b, from); ok {
			want = stop{from, hitWatch, addr}
		}
		note("stepForward", want, m.stepForward(from))
		want = stop{step: from - 1}
		if from == 0 {
			want = stop{reason: atStart}
		} else if addr, ok := writes(recording, b, from-1); ok {
			want = stop{from, hitWatch, addr}
		}
		note("stepBack", want, m.stepBack(from))
	})
	for r, n := range stops {
		// which a sparse recording can't have
		if read := reason(r) == hitRead || reason(r) == hitAccess; n == 0 && !read {
			t.Errorf("no motion ended for reason %d", r)
		}
	}
}

// TestInterrupted checks that a motion asks between chunks whether it is to go on, and stops where it is then.
func TestInterrupted(t *testing.T) {
	run := newStub(t, "chain/plain@0").Run.Run
	recording := record(t, run, emu.Sparse, 100)
	asked := 0
	m := &motion{recording: recording, breakpoints: newBreakpoints(), interrupted: func() bool {
		asked++
		return asked > 2
	}}
	if got, want := m.forward(10, nil), (stop{step: 200, reason: interrupted}); got != want {
		t.Errorf("forwards: %+v, want %+v", got, want)
	}
	asked = 0
	if got, want := m.back(450), (stop{step: 300, reason: interrupted}); got != want {
		t.Errorf("back: %+v, want %+v", got, want)
	}
	asked = 2
	if got, want := m.back(450), (stop{step: 450, reason: interrupted}); got != want {
		t.Errorf("at once: %+v, want %+v", got, want)
	}
}

// TestRangeStep checks vCont;r: at least one step, then on until the code is left.
func TestRangeStep(t *testing.T) {
	s := newStub(t, "chain/plain@0")
	recording := s.Run.Recording
	for range 300 {
		from := s.Point.Step
		start := recording.PC(from)
		ask(t, s, fmt.Sprintf("vCont;r%x,%x:1", start, start+8))
		want := from + 1
		for want < recording.Len() && recording.PC(want)-start < 8 {
			want++
		}
		if s.Point.Step != want {
			t.Fatalf("from step %d to %d, want %d", from, s.Point.Step, want)
		}
	}
}

// longRun is a run of 100,000 steps that stores to memory all the time.
func longRun(t testing.TB) *emu.Recording {
	const code, data = 0x10000, 0x20000
	var program []byte
	for _, insn := range []uint32{
		0x91000400, // add x0, x0, #1
		0xf9000020, // str x0, [x1]
		0xd1000442, // sub x2, x2, #1
		0xb5ffffa2, // cbnz x2, -12
		0xd503201f, // nop
	} {
		program = binary.LittleEndian.AppendUint32(program, insn)
	}
	m, err := emu.New(emu.Config{Regions: []emu.Region{
		{Name: "code", Base: code, Size: emu.PageSize, Data: program, Perm: emu.Read | emu.Exec},
		{Name: "data", Base: data, Size: emu.PageSize, Perm: emu.Read | emu.Write},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	regs := emu.Regs{PC: code, PState: emu.ModeEL1h}
	regs.X[1], regs.X[2] = data, 25_000
	if err := m.SetRegs(regs); err != nil {
		t.Fatal(err)
	}
	r, err := m.Record(emu.RunOptions{Mode: emu.Full, Until: code + 16, Limit: 1 << 20, ChunkSteps: 1 << 17})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLongMotions checks that no way through 100,000 steps takes long enough for a person to notice.
func TestLongMotions(t *testing.T) {
	recording := longRun(t)
	if recording.Len() != 100_000 {
		t.Fatalf("%d steps", recording.Len())
	}
	b := newBreakpoints()
	for _, err := range []error{b.insert(softwareBreakpoint, 0x10010, 4), b.insert(hardwareBreakpoint, 0x4000, 4),
		b.insert(writeWatchpoint, 0x20008, 8)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	m := &motion{recording: recording, breakpoints: b}
	c := recording.Cursor()
	for _, way := range []struct {
		name string
		stop func() stop
		want stop
	}{
		{"forward", func() stop { return m.forward(0, nil) }, stop{step: 100_000, reason: hitSoftware}},
		{"back", func() stop { return m.back(100_000) }, stop{reason: atStart}},
	} {
		// Other programs want the processor too: the best of a few times counts.
		var got stop
		best := time.Hour
		for range 5 {
			if err := c.Seek(recording.Len() - way.want.step); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			got = way.stop()
			if err := c.Seek(got.step); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(begin))
		}
		t.Logf("%s takes %v", way.name, best)
		if best > 50*time.Millisecond {
			t.Errorf("%s takes %v", way.name, best)
		}
		if got != way.want {
			t.Errorf("%s stops at %+v, want %+v", way.name, got, way.want)
		}
	}
}

func BenchmarkForward(b *testing.B) {
	m := &motion{recording: longRun(b), breakpoints: newBreakpoints()}
	if err := m.breakpoints.insert(softwareBreakpoint, 0x4000, 4); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m.forward(0, nil)
	}
}
