// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"strings"
	"testing"
)

func TestBadConfigs(t *testing.T) {
	page := func(base uint64) Region { return Region{Name: "r", Base: base, Size: PageSize, Perm: Read} }
	with := func(change func(*Region)) []Region {
		r := page(0x10000)
		change(&r)
		return []Region{r}
	}
	for _, test := range []struct {
		regions []Region
		want    string
	}{
		{nil, "no regions"},
		{with(func(r *Region) { r.Base++ }), `region "r" [0x10001, 0x11001) r-- is not aligned to pages of 4096 bytes`},
		{with(func(r *Region) { r.Size = 100 }), "is not aligned"},
		{with(func(r *Region) { r.Size = 0 }), "is empty"},
		{with(func(r *Region) { r.Base, r.Size = 1<<64-PageSize, 2*PageSize }), "wraps around"},
		{with(func(r *Region) { r.Data = make([]byte, PageSize+1) }), "has 4097 bytes of data"},
		{with(func(r *Region) { r.Perm = 0 }), "has permissions 0x0"},
		{with(func(r *Region) { r.Perm = 8 }), "has permissions 0x8"},
		{[]Region{page(0x10000), page(0x10000)}, "overlap"},
		{append(with(func(r *Region) { r.Size = 3 * PageSize }), page(0x12000)), "overlap"},
		{with(func(r *Region) { r.Size = 1 << 60 }), "memory for the region"},
	} {
		m, err := New(Config{Regions: test.regions})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("want %q, got %v", test.want, err)
		}
		if m != nil {
			t.Errorf("%q: there is a machine", test.want)
		}
	}
}

func TestClosedMachine(t *testing.T) {
	run := testRuns(t)[0]
	m := run.machine(t)
	r, err := m.Record(RunOptions{Until: run.until})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	m.Close()
	_, regsErr := m.Regs()
	_, recordErr := m.Record(RunOptions{})
	_, saveErr := m.Save()
	_, sysRegErr := m.SysReg(SP_EL0)
	for i, err := range []error{regsErr, recordErr, saveErr, sysRegErr, m.SetRegs(Regs{}), m.Enter(0), m.Advance(1),
		m.SetSysReg(SP_EL0, 0)} {
		if err != ErrClosed {
			t.Errorf("%d: %v", i, err)
		}
	}
	if _, err := m.Word(dataBase); !errors.Is(err, ErrUnmapped) {
		t.Error(err)
	}
	c := r.Cursor() // still valid
	for c.Next() {
	}
	if w, ok := c.Memory().Word(codeBase); !ok || w == 0 {
		t.Error("the recording lost its memory")
	}
}
