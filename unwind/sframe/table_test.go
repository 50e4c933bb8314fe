// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// loadAddr is where the sections of the tests are loaded: in the upper half, like a kernel.
const loadAddr = 0xffff_8000_1000_0000

// kernelLike has one function of each kind that a kernel section holds.
func kernelLike() *Section {
	return &Section{
		Version: V3, Flags: FDESorted | FuncStartPCRel, ABI: AArch64LE, Addr: loadAddr,
		FDEs: []FDE{
			{Start: loadAddr - 0x1000, Size: 20, FREs: []FRE{ // frame record
				{Start: 0, Base: SP, Words: []int32{0}},
				{Start: 4, Base: SP, Words: []int32{32, -24, -32}, Mangled: true},
				{Start: 8, Base: FP, Words: []int32{32, -24, -32}, Mangled: true},
				{Start: 16, Base: SP, Words: []int32{0}},
			}},
			{Start: loadAddr - 0x0f00, Size: 8, BKey: true, FREs: []FRE{{Start: 4, Base: SP, Words: []int32{0}}}},
			{Start: loadAddr - 0x0e00, Size: 8}, // outermost, as a function
			{Start: loadAddr - 0x0d00, Size: 8, Signal: true,
				FREs: []FRE{{Start: 0}, {Start: 4, Base: SP, Words: []int32{0}}}},
			{Start: loadAddr - 0x0c00, Size: 64, PCType: Mask, RepSize: 16, FREs: []FRE{
				{Start: 0, Base: SP, Words: []int32{0}},
				{Start: 12, Base: SP, Words: []int32{16}},
			}},
		},
	}
}

func mustEncode(t testing.TB, s *Section) []byte {
	t.Helper()
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLookup(t *testing.T) {
	leaf := Row{CFABase: SP, CFAReg: 31}
	framed := Row{CFABase: SP, CFAReg: 31, CFAOffset: 32, RA: Rule{Kind: AtCFA, Offset: -24},
		FP: Rule{Kind: AtCFA, Offset: -32}, Mangled: true}
	with := func(r Row, change func(*Row)) Row { change(&r); return r }
	tests := []struct {
		name string
		pc   uint64
		want Row // without what the function says
		err  error
	}{
		{"before the first function", loadAddr - 0x1001, Row{}, ErrNoFDE},
		{"first instruction", loadAddr - 0x1000, leaf, nil},
		{"inside the first instruction", loadAddr - 0x1000 + 3, leaf, nil},
		{"second row", loadAddr - 0x1000 + 4, with(framed, func(r *Row) { r.Start = 4 }), nil},
		{"FP-based row", loadAddr - 0x1000 + 12, with(framed, func(r *Row) {
			r.Start, r.CFABase, r.CFAReg = 8, FP, 29
		}), nil},
		{"last row", loadAddr - 0x1000 + 19, with(leaf, func(r *Row) { r.Start = 16 }), nil},
		{"gap after a function", loadAddr - 0x1000 + 20, Row{}, ErrNoFDE},
		{"no row yet", loadAddr - 0x0f00 + 3, Row{}, ErrNoRow},
		{"late row, key B", loadAddr - 0x0f00 + 4, with(leaf, func(r *Row) { r.Start, r.BKey = 4, true }), nil},
		{"outermost function", loadAddr - 0x0e00 + 4, Row{Outermost: true, RA: Rule{Kind: Undefined}}, nil},
		{"outermost row", loadAddr - 0x0d00, Row{Outermost: true, RA: Rule{Kind: Undefined}, Signal: true}, nil},
		{"signal frame", loadAddr - 0x0d00 + 4, with(leaf, func(r *Row) { r.Start, r.Signal = 4, true }), nil},
		{"mask, first block", loadAddr - 0x0c00 + 8, leaf, nil},
		{"mask, third block", loadAddr - 0x0c00 + 32 + 12, with(leaf, func(r *Row) {
			r.Start, r.CFAOffset = 12, 16
		}), nil},
		{"mask, after the last block", loadAddr - 0x0c00 + 64, Row{}, ErrNoFDE},
		{"far beyond", loadAddr + 0x1000, Row{}, ErrNoFDE},
		{"highest address", ^uint64(0), Row{}, ErrNoFDE},
		{"address 0", 0, Row{}, ErrNoFDE},
	}
	s := kernelLike()
	table, err := NewTable(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := table.Lookup(tt.pc)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			want := tt.want
			for _, f := range s.FDEs {
				if err == nil && tt.pc-f.Start < uint64(f.Size) {
					want.FDEStart, want.FDESize = f.Start, f.Size
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error("row (-want +got):\n", diff)
			}
		})
	}
}
