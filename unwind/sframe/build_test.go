// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAddFunc(t *testing.T) {
	record := Row{CFABase: SP, CFAOffset: 32, RA: Rule{Kind: AtCFA, Offset: -24}, FP: Rule{Kind: AtCFA, Offset: -32}}
	fpAlone := Row{CFABase: SP, CFAOffset: 32, FP: Rule{Kind: AtCFA, Offset: -32}}
	raInRegister := Row{CFABase: SP, RA: Rule{Kind: IsReg, Reg: 9}}
	realigned := Row{CFABase: Other, CFAReg: 9, CFAOffset: -8, CFADeref: true}
	outermost := Row{Outermost: true}
	tests := []struct {
		name  string
		v     Version
		abi   ABI
		row   Row
		want  FDEType
		words []int32
		err   error
	}{
		{"leaf", V1, AArch64LE, Row{CFABase: SP}, Default, []int32{0}, nil},
		{"frame record", V1, AArch64LE, record, Default, []int32{32, -24, -32}, nil},
		{"RA alone", V2, AArch64LE, Row{CFABase: FP, CFAOffset: 16, RA: Rule{Kind: AtCFA, Offset: -8}}, Default,
			[]int32{16, -8}, nil},
		{"FP alone in V2", V2, AArch64LE, fpAlone, Default, nil, ErrInexpressible},
		{"FP alone in V3", V3, AArch64LE, fpAlone, Flexible, []int32{31<<3 | 1, 32, 0, 2, -32}, nil},
		{"FP alone on AMD64", V1, AMD64, with(fpAlone, Rule{Kind: AtCFA, Offset: -8}), Default, []int32{32, -32}, nil},
		{"RA elsewhere than fixed", V2, AMD64, with(fpAlone, Rule{Kind: AtCFA, Offset: -16}), Default, nil,
			ErrInexpressible},
		{"FP alone on s390x", V2, S390X, with(fpAlone, Rule{}).at(160), Default, []int32{0, 0, -32}, nil},
		{"RA in a register in V2", V2, AArch64LE, raInRegister, Default, nil, ErrInexpressible},
		{"RA in a register in V3", V3, AArch64LE, raInRegister, Flexible, []int32{31<<3 | 1, 0, 9<<3 | 1, 0}, nil},
		{"RA in a register in V2 on s390x", V2, S390X, raInRegister.at(160), Default, []int32{0, 9<<1 | 1}, nil},
		{"stored at offset 0", V3, AArch64LE, Row{CFABase: SP, RA: Rule{Kind: AtCFA}}, Flexible,
			[]int32{31<<3 | 1, 0, 2, 0}, nil},
		{"CFA offset not in units of 8", V3, S390X, Row{CFABase: SP, CFAOffset: 161}, Default, nil, ErrInexpressible},
		{"realigned in V2", V2, AArch64LE, realigned, Default, nil, ErrInexpressible},
		{"realigned in V3", V3, AArch64LE, realigned, Flexible, []int32{9<<3 | 3, -8}, nil},
		{"outermost in V1", V1, AArch64LE, outermost, Default, nil, ErrInexpressible},
		{"outermost in V2", V2, AArch64LE, outermost, Default, nil, nil},
		{"offset too large", V3, AArch64LE, Row{CFABase: SP, CFAOffset: 1 << 31}, Default, nil, ErrInexpressible},
		{"register too large", V3, AArch64LE, Row{CFABase: Other, CFAReg: 1 << 29}, Default, nil, ErrInexpressible},
		{"value is the CFA", V3, AArch64LE, Row{CFABase: SP, FP: Rule{Kind: IsCFA}}, Default, nil, ErrInexpressible},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSection(tt.v, tt.abi, loadAddr)
			err := s.AddFunc(FDE{Start: loadAddr, Size: 8}, tt.row)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				if len(s.FDEs) != 0 {
					t.Error("FDE added in spite of the error")
				}
				return
			}
			f := s.FDEs[0]
			if diff := cmp.Diff(tt.words, f.FREs[0].Words); diff != "" || f.Type != tt.want {
				t.Errorf("type %d, words (-want +got):\n%s", f.Type, diff)
			}
			if problems := Verify(mustEncode(t, s), loadAddr); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

func with(r Row, ra Rule) Row { r.RA = ra; return r }

func (row Row) at(cfa int64) Row { row.CFAOffset = cfa; return row }

func TestAddFuncRowOrder(t *testing.T) {
	s := NewSection(V3, AArch64LE, 0)
	if err := s.AddFunc(FDE{Size: 8}, Row{CFABase: SP}, Row{CFABase: SP}); !errors.Is(err, ErrInexpressible) {
		t.Errorf("two rows at the same place: %v", err)
	}
}

// Functions added to a section that was decoded leave what was there in its place.
func TestAddFuncAfterDecode(t *testing.T) {
	data := mustEncode(t, kernelLike())
	s, err := Decode(data, loadAddr)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddFunc(FDE{Start: loadAddr, Size: 8}, Row{CFABase: SP}); err != nil {
		t.Fatal(err)
	}
	got := mustEncode(t, s)
	fres := data[headerSize+5*16:]
	if !bytes.HasPrefix(got[headerSize+6*16:], fres) {
		t.Errorf("FRE sub-section % x doesn't start with % x", got[headerSize+6*16:], fres)
	}
}

// Whatever a row of a section means, AddFunc makes a row that means the same.
func TestAddFuncKeepsMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := everySection().Draw(t, "section")
		out := NewSection(s.Version, s.ABI, s.Addr)
		for i, f := range s.FDEs {
			var want []Row
			for j := range f.FREs {
				row, err := s.Row(i, j)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, row)
			}
			f.Width = 0
			if err := out.AddFunc(f, want...); err != nil {
				if !errors.Is(err, ErrInexpressible) {
					t.Fatal(err)
				}
				t.SkipNow() // a register number as an offset: what genSection draws freely may have no other form
			}
			for j := range want {
				got, err := out.Row(i, j)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want[j], got); diff != "" {
					t.Fatal("(-want +got):\n", diff)
				}
			}
		}
	})
}
