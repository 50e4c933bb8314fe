// SPDX-License-Identifier: GPL-2.0-only

package uc

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	codeAt = 0xffff800080000000
	dataAt = 0xffff000010000000

	movX0    = 0xd2800000 // movz x0, #0; the immediate is in bits 20:5
	addX0    = 0x91000400 // add x0, x0, #1
	strX0    = 0xf9000020 // str x0, [x1]
	fmovX6D0 = 0x9e660006 // fmov x6, d0
	fmovD0X0 = 0x9e670000 // fmov d0, x0
	addX7X6  = 0x8b0600e7 // add x7, x7, x6
	pacX3    = 0xdac10023 // pacia x3, x1
	nop      = 0xd503201f
	branch   = 0x14000000
)

// work is what an engine does: for some time it goes round the pages of its code.
type work struct {
	pages, data int    // of code, and of memory
	value       uint32 // that the code is about
	sign        bool   // with pointer authentication
	alter       bool   // the code, after it has run
}

// done is what comes out of it.
type done struct {
	Regs    Regs
	Sysregs []uint64
	Word    uint64
	Before  [2]string // the memory, before and after
	After   string
	PCs     []uint64
	Stores  []Store
	Reason  Reason
}

// words is code.
func words(list ...uint32) (code []byte) {
	for _, word := range list {
		code = binary.LittleEndian.AppendUint32(code, word)
	}
	return code
}

func (w work) regions() []Region {
	return []Region{
		{Base: dataAt, Size: uint64(w.data) * PageSize, Perms: PermRead | PermWrite},
		{Base: codeAt, Size: uint64(w.pages+1) * PageSize, Perms: PermRead | PermExec, Data: w.code()},
	}
}

// code is in each page: it sets X0 to a number, stores it, and branches to the next page. X7 is what D0 has been, from
// the beginning on, added up.
func (w work) code() []byte {
	code := make([]byte, w.pages*PageSize)
	last := uint32(nop)
	if w.sign {
		last = pacX3
	}
	for p := range w.pages {
		next := (p + 1) % w.pages * (PageSize / 4)
		page := []uint32{fmovX6D0, addX7X6, movX0 | (w.value+uint32(p))<<5, addX0, fmovD0X0, strX0, last}
		page = append(page, branch|uint32(next-p*(PageSize/4)-len(page))&0x3ffffff)
		copy(code[p*PageSize:], words(page...))
	}
	return code
}

func (w work) do(t *testing.T, e *Engine) done {
	t.Helper()
	vbar, sctlr := SysReg{3, 0, 12, 0, 0}, SysReg{3, 0, 1, 0, 0}
	keyLo, keyHi := SysReg{3, 0, 2, 1, 0}, SysReg{3, 0, 2, 1, 1}
	var d done
	state := func() {
		regs, err := e.Regs()
		if err != nil {
			t.Fatal(err)
		}
		d.Regs = regs
		for _, r := range []SysReg{vbar, sctlr, keyLo, keyHi} {
			v, err := e.SysReg(r)
			if err != nil {
				t.Fatal(err)
			}
			d.Sysregs = append(d.Sysregs, v)
		}
	}
	state()
	d.Before = [2]string{string(e.Host(0)), string(e.Host(1))}
	first := d.Regs
	if err := e.SetSysReg(vbar, uint64(w.value)<<11); err != nil {
		t.Fatal(err)
	}
	if w.sign {
		if err := e.SetSysReg(SysReg{3, 6, 1, 1, 0}, 0x30431); err != nil { // SCR_EL3
			t.Fatal(err)
		}
		if err := e.SetSysReg(SysReg{3, 4, 1, 1, 0}, 0x300_0000_0000); err != nil { // HCR_EL2
			t.Fatal(err)
		}
		key := uint32(0xd5182100) // msr apiakeylo_el1, x0
		if w.value%2 == 0 {
			key = 0xd5182120 // msr apiakeyhi_el1, x0
		}
		const sctlrX4 = 0xd5181004 // msr sctlr_el1, x4
		if err := e.RunStub([]uint32{key, sctlrX4}, uint64(w.value), 0, 0, 0, d.Sysregs[1]|1<<31); err != nil {
			t.Fatal(err)
		}
	}
	regs := first
	regs.X[1], regs.X[3], regs.PC = dataAt+uint64(w.data-1)*PageSize, 0x1234, codeAt
	if err := e.SetRegs(&regs); err != nil {
		t.Fatal(err)
	}
	const steps = 500
	b := Buffers{MaxSteps: steps, PC: make([]uint64, steps), Stores: make([]Store, steps+MinStores),
		Frames: make([]FrameRegs, steps), Transfers: make([]Transfer, steps)}
	o := e.Run(^uint64(0), 0, &b)
	d.Reason, d.PCs, d.Stores = o.Reason, b.PC[:o.Steps], b.Stores[:o.Stores]
	d.Word = binary.LittleEndian.Uint64(e.Host(0)[(w.data-1)*PageSize:])
	state()
	if w.alter {
		binary.LittleEndian.PutUint32(e.Host(1)[4:], addX0|1<<10) // add x0, x0, #3
		e.Host(1)[w.pages*PageSize] = 1
		if err := e.CodeChanged(codeAt, uint64(w.pages+1)*PageSize); err != nil {
			t.Fatal(err)
		}
	}
	d.After = string(e.Host(0))
	return d
}

func open(t *testing.T, w work) *Engine {
	t.Helper()
	e, err := Open(w.regions(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// forget closes all idle engines.
func forget() {
	for _, e := range idle.engines {
		e.free()
	}
	idle.engines = nil
}

// An engine that was used before does what a new one does, whatever it has done: the same code or other code in the
// same place, other memory, other registers.
func TestReusedEngineIsAsNew(t *testing.T) {
	forget()
	rng := rand.New(rand.NewPCG(1, 2))
	reused := 0
	for range 400 {
		w := work{
			pages: 2 + rng.IntN(2), data: 1 + rng.IntN(2), value: uint32(rng.IntN(3) << 8), sign: rng.IntN(3) == 0,
			alter: rng.IntN(5) == 0,
		}
		again := open(t, w)
		reused += min(1, int(again.r.reuses))
		got := w.do(t, again)

		others := idle.engines
		idle.engines = nil
		fresh := open(t, w)
		if fresh.r.reuses != 0 {
			t.Fatal("a new engine isn't new")
		}
		want := w.do(t, fresh)
		fresh.Close()
		forget()
		idle.engines = others
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v, engine used %d times before (-new +used):\n%s", w, again.r.reuses, diff)
		}
		again.Close()
		if got.Reason != Full || got.Word == 0 || got.Regs.X[0] == 0 {
			t.Fatalf("%+v: it has done nothing: %+v", w, got)
		}
	}
	if reused < 350 {
		t.Errorf("%d engines of 400 have been used before", reused)
	}
	forget()
}

// An engine is not used again after a run has failed, nor with other memory, nor if it would take long to clear it; and
// not too many are kept.
func TestEnginesNotReused(t *testing.T) {
	forget()
	w := work{pages: 2, data: 1, value: 5}
	e := open(t, w)
	if err := e.SetRegs(&Regs{X: [31]uint64{1: dataAt + 2*PageSize}, PC: codeAt}); err != nil {
		t.Fatal(err)
	}
	b := Buffers{MaxSteps: 9, PC: make([]uint64, 9), Transfers: make([]Transfer, 9)}
	if o := e.Run(^uint64(0), 0, &b); o.Reason != Fault || o.Denial != "unmapped" {
		t.Errorf("a store to memory that isn't there: %+v", o)
	}
	e.Close()
	if n := len(idle.engines); n != 0 {
		t.Errorf("%d engines are kept after a run has failed", n)
	}

	const large = mostIdle + PageSize
	e, err := Open([]Region{{Base: dataAt, Size: large, Perms: PermRead}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	if n := len(idle.engines); n != 0 {
		t.Errorf("%d large engines are kept", n)
	}

	for _, tt := range []struct {
		base, size uint64
		perms      uint32
		loads      int
	}{
		{dataAt, PageSize, PermRead, 0}, {dataAt, PageSize, PermRead, 8}, {dataAt, PageSize, PermRead | PermWrite, 0},
		{dataAt, 2 * PageSize, PermRead, 0}, {codeAt, PageSize, PermRead, 0},
	} {
		e, err := Open([]Region{{Base: tt.base, Size: tt.size, Perms: tt.perms}}, tt.loads)
		if err != nil {
			t.Fatal(err)
		}
		if e.r.reuses != 0 {
			t.Errorf("%+v: an engine with other memory was taken", tt)
		}
		e.Close()
	}
	most := 0
	for range 100 {
		engines := []*Engine{open(t, w), open(t, work{pages: 1, data: 1})}
		for _, e := range engines {
			most = max(most, int(e.r.reuses))
			e.Close()
		}
	}
	if most != 64 { // recorder_reset
		t.Errorf("an engine was used %d times again", most)
	}
	if n := len(idle.engines); n > 2+runtime.GOMAXPROCS(0) {
		t.Errorf("%d engines are kept", n)
	}
	forget()
}
