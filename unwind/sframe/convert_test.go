// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What a conversion gives means the same at every row, and converting back gives the same section.
func TestConvert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := everySection().Draw(t, "section")
		v := Version(rapid.IntRange(1, 3).Draw(t, "version"))
		got, err := Convert(s, v)
		if err != nil {
			if !errors.Is(err, ErrInexpressible) || got != nil {
				t.Fatalf("%v, %v", got, err)
			}
			return
		}
		data, err := got.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if problems := Verify(data, got.Addr); len(problems) > 0 {
			t.Fatal(problems)
		}
		before, err := NewTable(s)
		if err != nil {
			t.Fatal(err)
		}
		after, err := NewTable(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.FDEs {
			for offset := uint64(0); offset < uint64(min(f.Size, 300)); offset++ {
				want, err1 := before.Lookup(f.Start + offset)
				got, err2 := after.Lookup(f.Start + offset)
				if diff := cmp.Diff(want, got); diff != "" || err1 != err2 {
					t.Fatalf("+%d: errors %v, %v (-before +after):\n%s", offset, err1, err2, diff)
				}
			}
		}
	})
}

func TestConvertErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Section)
		to     Version
		says   string
	}{
		{"version", func(*Section) {}, 4, "version 4"},
		{"signal frame", func(s *Section) { s.FDEs = s.FDEs[3:4] }, V2, "signal frame"},
		{"outermost function", func(s *Section) { s.FDEs = s.FDEs[2:3] }, V1, "outermost"},
		{"outermost row", func(s *Section) {
			s.FDEs = s.FDEs[3:4]
			s.FDEs[0].Signal = false
		}, V1, "row 0: inexpressible in V1: outermost"},
		{"mask rows", func(s *Section) { s.FDEs = s.FDEs[4:] }, V1, "mask rows"},
		{"mask rows of V1", func(s *Section) {
			s.Version, s.FDEs = V1, s.FDEs[4:]
			s.FDEs[0].RepSize = 0
		}, V2, "mask rows"},
		{"distance", func(s *Section) { s.FDEs = s.FDEs[:1]; s.FDEs[0].Start = 0 }, V2, "32 bits"},
		{"rows", func(s *Section) {
			s.Version, s.FDEs = V2, s.FDEs[:1]
			s.FDEs[0].FREs = make([]FRE, 1<<16)
		}, V3, "65536 rows"},
		{"none", func(s *Section) { s.Version, s.FDEs = V2, s.FDEs[2:3] }, V3, "no rows"},
		{"flag", func(s *Section) { s.Version, s.Flags, s.FDEs = V2, FramePointer, nil }, V3, "SFRAME_F_FRAME_POINTER"},
		{"s390x", func(s *Section) { s.ABI, s.FDEs = S390X, nil }, V1, "s390x"},
		{"odd offset on s390x", func(s *Section) {
			s.ABI, s.FDEs = S390X, s.FDEs[:1]
			s.FDEs[0].FREs = []FRE{{Words: []int32{0, -47}}}
		}, V2, "understand otherwise"},
		{"realigned", func(s *Section) {
			s.FDEs = s.FDEs[:1]
			s.FDEs[0].Type, s.FDEs[0].FREs = Flexible, []FRE{{Words: []int32{9<<3 | 1, 0}}}
		}, V2, "not an offset from SP or FP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := kernelLike()
			tt.change(s)
			got, err := Convert(s, tt.to)
			if !errors.Is(err, ErrInexpressible) || !strings.Contains(err.Error(), tt.says) || got != nil {
				t.Errorf("%v, want an error that says %q", err, tt.says)
			}
		})
	}
}

// The same C functions, compiled for each version, say the same: converting what one binutils wrote gives, up to where
// it is loaded, what the next wrote.
func TestConvertGolden(t *testing.T) {
	for _, name := range []string{"c", "pac"} {
		data, addr := golden(t, "v3-"+name)
		want, err := Decode(data, addr)
		if err != nil {
			t.Fatal(err)
		}
		for v := V1; v < V3; v++ {
			old, err := Convert(want, v)
			if err != nil {
				t.Fatal(err)
			}
			if problems := Verify(mustEncode(t, old), addr); len(problems) > 0 {
				t.Errorf("%s in %v: %v", name, v, problems)
			}
		}
		for _, v := range []string{"v1-", "v2-"} {
			t.Run(v+name, func(t *testing.T) {
				data, addr := golden(t, v+name)
				s, err := Decode(data, addr)
				if err != nil {
					t.Fatal(err)
				}
				got, err := Convert(s, V3)
				if err != nil {
					t.Fatal(err)
				}
				if len(got.FDEs) != len(want.FDEs) || got.Flags != want.Flags {
					t.Fatalf("%d FDEs, flags 0x%x, want %d, 0x%x", len(got.FDEs), got.Flags, len(want.FDEs), want.Flags)
				}
				for i := range got.FDEs {
					if diff := cmp.Diff(want.FDEs[i].FREs, got.FDEs[i].FREs); diff != "" {
						t.Errorf("FDE %d (-binutils +converted):\n%s", i, diff)
					}
				}
			})
		}
	}
}

// Register numbers for offsets, which V2 has on s390x, become flexible rows and back.
func TestConvertS390X(t *testing.T) {
	data, addr := golden(t, "v3-s390x")
	s, err := Decode(data, addr)
	if err != nil {
		t.Fatal(err)
	}
	old, err := Convert(s, V2)
	if err != nil {
		t.Fatal(err)
	}
	registers := false
	for i := range old.FDEs {
		registers = registers || old.hasOddOffsets(i)
	}
	if !registers {
		t.Error("no register numbers in version 2")
	}
	back, err := Convert(old, V3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.FDEs, back.FDEs, ignoreSizes); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
