// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every load is noted, whatever instruction does it, and where there are too many, that is said.
func TestLoads(t *testing.T) {
	c := config(words(
		0xf9400001, // ldr x1, [x0]
		0xa9410801, // ldp x1, x2, [x0, #16]
		0xb8421001, // ldur w1, [x0, #33]
		0xf8407001, // ldur x1, [x0, #7]
		0x3dc01400, // ldr q0, [x0, #80]
		0xc85f7c01, // ldxr x1, [x0]
		0xf8610001, // ldadd x1, x1, [x0]
		0xf9000001, // str x1, [x0]
	))
	c.Loads = 12
	m := newMachine(t, c, startRegs())
	regs := startRegs()
	regs.X[0] = dataBase + 64
	if err := m.SetRegs(regs); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		steps int
		want  []uint64 // offsets from x0
	}{
		{1, []uint64{0}},
		{1, []uint64{16, 24}},
		{1, []uint64{32}},
		{1, []uint64{0, 8}},
		{1, []uint64{80, 88}},
		{2, []uint64{0, 0}},
		{1, []uint64{}},
	} {
		if err := m.Advance(tt.steps); err != nil {
			t.Fatal(err)
		}
		loads, all := m.Loads()
		got := []uint64{}
		for _, addr := range loads {
			got = append(got, addr-dataBase-64)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || !all {
			t.Errorf("before %#x, all: %t (-want +got)\n%s", m.PC(), all, diff)
		}
	}
	for range 13 {
		regs.PC = startRegs().PC
		if err := m.SetRegs(regs); err != nil {
			t.Fatal(err)
		}
		if err := m.Advance(1); err != nil {
			t.Fatal(err)
		}
	}
	if loads, all := m.Loads(); all || len(loads) > 0 {
		t.Errorf("%d loads of 13, all of them: %t", len(loads), all)
	}
}
