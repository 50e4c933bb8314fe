// SPDX-License-Identifier: GPL-2.0-only

package uc

import "testing"

// An engine that can't be opened can't be had the second time either.
func TestEngineThatIsNotOpened(t *testing.T) {
	forget()
	overlapping := []Region{
		{Base: dataAt, Size: 2 * PageSize, Perms: PermRead | PermWrite},
		{Base: dataAt + PageSize, Size: PageSize, Perms: PermRead},
	}
	for range 2 {
		if e, err := Open(overlapping, 0); err == nil {
			t.Errorf("an engine with overlapping memory, used %d times before", e.r.reuses)
		}
	}
	forget()
}

// Code that the guest has written itself is not there any more.
func TestReusedEngineWithWritableCode(t *testing.T) {
	forget()
	const strW2X1 = 0xb9000022 // str w2, [x1]
	code := words(strW2X1, branch|1, nop, branch)
	for n := range 4 {
		e, err := Open([]Region{
			{Base: dataAt, Size: PageSize, Perms: PermRead | PermWrite},
			{Base: codeAt, Size: PageSize, Perms: PermRead | PermWrite | PermExec, Data: code},
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if int(e.r.reuses) != n {
			t.Errorf("engine %d was used %d times before", n, e.r.reuses)
		}
		x := [31]uint64{1: codeAt + 8, 2: nop}
		if n%2 == 0 {
			x[2] = addX0
		}
		if err := e.SetRegs(&Regs{X: x, PC: codeAt}); err != nil {
			t.Fatal(err)
		}
		b := Buffers{
			MaxSteps: 4, PC: make([]uint64, 4), Transfers: make([]Transfer, 4), Stores: make([]Store, 4+MinStores),
		}
		e.Run(^uint64(0), 0, &b)
		if regs, err := e.Regs(); err != nil || regs.X[0] != uint64(1-n%2) || b.Stores[0].Old != nop {
			t.Errorf("engine %d: X0 is %d, the instruction was %#x: %v", n, regs.X[0], b.Stores[0].Old, err)
		}
		e.Close()
	}
	forget()
}

// What a page may be used for doesn't hang on what an earlier run has done with it: the engine remembers that.
func TestReusedEngineForgetsPermissions(t *testing.T) {
	forget()
	const (
		onlyCode = 0xffff800090005000
		blrX1    = 0xd63f0020
		ldrX2X1  = 0xf9400022
		ret      = 0xd65f03c0
	)
	code := words(blrX1, nop, ldrX2X1, nop)
	regions := []Region{
		{Base: dataAt, Size: PageSize, Perms: PermRead | PermWrite},
		{Base: codeAt, Size: PageSize, Perms: PermRead | PermExec, Data: code},
		{Base: onlyCode, Size: PageSize, Perms: PermExec, Data: words(ret)},
	}
	for n := range 4 {
		e, err := Open(regions, 0)
		if err != nil {
			t.Fatal(err)
		}
		offset := uint64(n%2) * 8
		if err := e.SetRegs(&Regs{X: [31]uint64{1: onlyCode}, PC: codeAt + offset}); err != nil {
			t.Fatal(err)
		}
		b := Buffers{MaxSteps: 4, PC: make([]uint64, 4), Transfers: make([]Transfer, 4)}
		o := e.Run(codeAt+offset+4, 0, &b)
		if n%2 == 0 && o.Reason != Until || n%2 == 1 && (o.Reason != Fault || int(e.r.reuses) != 1) {
			t.Errorf("run %d, engine used %d times before: %+v", n, e.r.reuses, o)
		}
		e.Close()
	}
	forget()
}
