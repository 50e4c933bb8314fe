// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What data words mean, by ABI, version and FDE type.
func TestRow(t *testing.T) {
	at := func(offset int64) Rule { return Rule{Kind: AtCFA, Offset: offset} }
	in := func(reg uint32) Rule { return Rule{Kind: IsReg, Reg: reg} }
	tests := []struct {
		name  string
		abi   ABI
		v     Version
		t     FDEType
		words []int32
		want  Row // of a row based on SP
		err   error
	}{
		{"leaf", AArch64LE, V1, Default, []int32{0}, Row{CFAReg: 31}, nil},
		{"RA alone", AArch64LE, V3, Default, []int32{16, -8}, Row{CFAReg: 31, CFAOffset: 16, RA: at(-8)}, nil},
		{"frame record", AArch64BE, V2, Default, []int32{16, -8, -16},
			Row{CFAReg: 31, CFAOffset: 16, RA: at(-8), FP: at(-16)}, nil},
		{"frame record at offsets 0", AArch64LE, V3, Default, []int32{16, 0, 0},
			Row{CFAReg: 31, CFAOffset: 16, RA: at(0), FP: at(0)}, nil},
		{"four words", AArch64LE, V3, Default, []int32{16, -8, -16, 0}, Row{}, ErrMalformed},
		{"outermost", AArch64LE, V2, Default, nil, Row{Outermost: true, RA: Rule{Kind: Undefined}}, nil},
		{"outermost in V1", AArch64LE, V1, Default, nil, Row{}, ErrMalformed},
		{"unknown type", AArch64LE, V3, 2, []int32{0}, Row{}, ErrUnsupported},
		{"AMD64", AMD64, V2, Default, []int32{16}, Row{CFAReg: 7, CFAOffset: 16, RA: at(-8)}, nil},
		{"AMD64 with FP", AMD64, V1, Default, []int32{16, -16}, Row{CFAReg: 7, CFAOffset: 16, RA: at(-8), FP: at(-16)},
			nil},
		{"AMD64 with three words", AMD64, V1, Default, []int32{16, -16, 0}, Row{}, ErrMalformed},
		{"s390x", S390X, V3, Default, []int32{20, -48, -72}, Row{CFAReg: 15, CFAOffset: 320, RA: at(-48), FP: at(-72)},
			nil},
		{"s390x with FP alone", S390X, V3, Default, []int32{0, 0, -72}, Row{CFAReg: 15, CFAOffset: 160, FP: at(-72)},
			nil},
		{"s390x with registers in V2", S390X, V2, Default, []int32{0, 17<<1 | 1, 16<<1 | 1},
			Row{CFAReg: 15, CFAOffset: 160, RA: in(17), FP: in(16)}, nil},
		{"s390x with an odd offset in V3", S390X, V3, Default, []int32{0, 35},
			Row{CFAReg: 15, CFAOffset: 160, RA: at(35)}, nil},
		{"flexible, CFA only", AMD64, V3, Flexible, []int32{10<<3 | 1, 0}, Row{CFABase: Other, CFAReg: 10, RA: at(-8)},
			nil},
		{"flexible, CFA stored", AMD64, V3, Flexible, []int32{6<<3 | 3, -8, 0, 6<<3 | 3, 0}, Row{
			CFABase: FP, CFAReg: 6, CFAOffset: -8, CFADeref: true, RA: at(-8), FP: Rule{Kind: AtReg, Reg: 6},
		}, nil},
		{"flexible, in registers", S390X, V3, Flexible, []int32{15<<3 | 1, 0, 17<<3 | 1, 0, 16<<3 | 1, 4}, Row{
			CFABase: SP, CFAReg: 15, CFAOffset: 160, RA: in(17), FP: Rule{Kind: IsReg, Reg: 16, Offset: 4},
		}, nil},
		{"flexible, the CFA itself", AArch64LE, V3, Flexible, []int32{31<<3 | 1, 16, 2, -8, 4, -16}, Row{
			CFABase: SP, CFAReg: 31, CFAOffset: 16, RA: at(-8), FP: Rule{Kind: IsCFA, Offset: -16},
		}, nil},
		{"flexible without offset", AArch64LE, V3, Flexible, []int32{31<<3 | 1}, Row{}, ErrMalformed},
		{"flexible without base register", AArch64LE, V3, Flexible, []int32{2, 16}, Row{}, ErrMalformed},
		{"flexible with half an RA", AArch64LE, V3, Flexible, []int32{31<<3 | 1, 16, 2}, Row{}, ErrMalformed},
		{"flexible with half an FP", AArch64LE, V3, Flexible, []int32{31<<3 | 1, 16, 0, 2}, Row{}, ErrMalformed},
		{"flexible with a word too many", AArch64LE, V3, Flexible, []int32{31<<3 | 1, 16, 0, 0, 0}, Row{},
			ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSection(tt.v, tt.abi, 0)
			s.FDEs = []FDE{{Start: 0x1000, Size: 8, Type: tt.t, FREs: []FRE{{Base: SP, Words: tt.words}}}}
			got, err := s.Row(0, 0)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			want := tt.want
			if err == nil {
				want.FDEStart, want.FDESize = 0x1000, 8
				if tt.t == Default && !want.Outermost {
					want.CFABase = SP
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error("(-want +got):\n", diff)
			}
			if tt.t > Flexible {
				return
			}
			table, err := NewTable(s)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := table.Lookup(0x1004); !errors.Is(err, tt.err) || got != want {
				t.Errorf("Lookup: %+v, %v", got, err)
			}
		})
	}
}

// An FDE without rows is an outermost frame only in V3.
func TestLookupWithoutRows(t *testing.T) {
	s := NewSection(V2, AArch64LE, 0)
	s.FDEs = []FDE{{Start: 0x1000, Size: 8}}
	table, err := NewTable(s)
	if err != nil {
		t.Fatal(err)
	}
	if row, err := table.Lookup(0x1000); err != ErrNoRow {
		t.Errorf("%+v, %v", row, err)
	}
}

// Procedure linkage tables, as ld describes them: V2 and V3 say how long an entry is, V1 doesn't.
func TestLookupPLT(t *testing.T) {
	for name, want := range map[string]error{"v1-amd64": ErrUnsupported, "v2-amd64": nil, "v3-amd64": nil} {
		data, addr := golden(t, name)
		s, err := Decode(data, addr)
		if err != nil {
			t.Fatal(err)
		}
		table, err := OpenTable(data, addr, Rules{})
		if err != nil {
			t.Fatal(err)
		}
		plt := s.FDEs[1]
		if plt.PCType != Mask {
			t.Fatalf("%s: FDE 1 is not that of the PLT", name)
		}
		for offset := range uint64(plt.Size) {
			wantCFA := int64(8)
			if offset%16 >= 11 { // after the push of the relocation's index
				wantCFA = 16
			}
			row, err := table.Lookup(plt.Start + offset)
			if !errors.Is(err, want) || err == nil && row.CFAOffset != wantCFA {
				t.Errorf("%s +%d: %+v, %v", name, offset, row, err)
			}
		}
	}
}
