// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCaller(t *testing.T) {
	memory := map[uint64]uint64{0x8ff0: 0x9100, 0x8ff8: 0x4444, 0x8fe8: 0x1919, 0x8fd8: 0x7777}
	errFault := errors.New("fault")
	read := func(addr uint64) (uint64, error) {
		if v, ok := memory[addr]; ok {
			return v, nil
		}
		return 0, errFault
	}
	var regs Registers
	for i := range regs.X {
		regs.X[i] = uint64(0x100 + i)
	}
	regs.X[FP], regs.X[LR], regs.SP, regs.PC = 0x8fc0, 0x5555, 0x8fb0, 0x1000
	with := func(change func(r *Registers)) *Registers {
		r := regs
		change(&r)
		return &r
	}

	for _, test := range []struct {
		name    string
		program []byte
		want    *Registers
		err     error
		text    string
	}{
		{name: "at the start of a function", want: with(func(r *Registers) { r.PC = 0x5555 })},
		{name: "a frame record below SP+80",
			program: []byte{0x0e, 80, 0x9d, 2, 0x9e, 1, 0x93, 3},
			want: with(func(r *Registers) {
				r.SP, r.PC, r.X[LR], r.X[FP], r.X[19] = 0x9000, 0x4444, 0x4444, 0x9100, 0x1919
			})},
		{name: "the CFA from x29",
			program: []byte{0x0c, 29, 64, 0x9e, 1},
			want:    with(func(r *Registers) { r.SP, r.PC, r.X[LR] = 0x9000, 0x4444, 0x4444 })},
		{name: "values, registers and what is lost",
			program: []byte{0x0e, 80, 0x14, 20, 2, 0x09, 30, 9, 0x07, 21, 0x08, 22, 0x05, 31, 5, 0x05, 72, 100},
			want:    with(func(r *Registers) { r.SP, r.PC, r.X[LR], r.X[20] = 0x7777, 0x109, 0x109, 0x8ff0 })},
		{name: "outermost", program: []byte{0x07, 30}, err: ErrOutermost,
			text: ".eh_frame+0x14: row at 0x1000: return address: return address undefined: outermost frame"},
		{name: "CFA by an expression", program: []byte{0x0f, 1, 0x31}, err: ErrExpression,
			text: ".eh_frame+0x14: row at 0x1000: CFA: unsupported DWARF expression"},
		{name: "return address by an expression", program: []byte{0x10, 30, 1, 0x31}, err: ErrExpression,
			text: ".eh_frame+0x14: row at 0x1000: x30: unsupported DWARF expression"},
		{name: "CFA from a register that isn't known", program: []byte{0x0c, 72, 0}, err: ErrUnsupported,
			text: ".eh_frame+0x14: row at 0x1000: CFA: unsupported call frame information: value of register v8"},
		{name: "unreadable", program: []byte{0x0e, 16, 0x9e, 1}, err: errFault,
			text: ".eh_frame+0x14: row at 0x1000: x30: fault"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := program(t, nil, test.program).Rows()
			if err != nil {
				t.Fatal(err)
			}
			got, err := rows[0].Caller(&regs, read)
			if test.err != nil {
				if !errors.Is(err, test.err) || err.Error() != test.text || got != (Registers{}) {
					t.Errorf("%+v, %v\nwant %s", got, err, test.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(*test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallerWithoutCFA(t *testing.T) {
	s := newSection(DebugFrame)
	cie := s.entry(0xffffffff, []byte{1, 0, 4, 0x78, 16})
	s.fde(cie, 0x1000, 8, 0x41, 0x0c, 31, 0)
	info, err := Parse(s.data, 0, DebugFrame)
	if err != nil {
		t.Fatal(err)
	}
	row, err := info.Lookup(0x1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := row.Caller(&Registers{}, nil); !errors.Is(err, ErrNoRule) {
		t.Errorf("error %v", err)
	}
	// The return address column is x16.
	if row, err = info.Lookup(0x1004); err != nil {
		t.Fatal(err)
	}
	regs := Registers{SP: 0x9000}
	regs.X[16] = 0x1616
	caller, err := row.Caller(&regs, nil)
	if err != nil || caller.PC != 0x1616 || caller.SP != 0x9000 {
		t.Errorf("%+v, %v", caller, err)
	}
}
