// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"strings"
	"testing"
)

func TestEncodeInexpressible(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Section)
		says   string
	}{
		{"version", func(s *Section) { s.Version = 4 }, "version 4"},
		{"ABI", func(s *Section) { s.ABI = 0 }, "ABI 0"},
		{"auxiliary header", func(s *Section) { s.Aux = make([]byte, 256) }, "256 bytes"},
		{"signal frame before V3", func(s *Section) {
			s.Version = V2
		}, "FDE 3 (function 0xffff80000ffff300): inexpressible before V3: signal frame"},
		{"repeated block in V1", func(s *Section) { s.Version, s.FDEs = V1, s.FDEs[4:] }, "repeated block"},
		{"distance before V3", func(s *Section) { s.Version, s.FDEs = V2, s.FDEs[:1]; s.FDEs[0].Start = 0 }, "32 bits"},
		{"flexible before V3", func(s *Section) { s.Version, s.FDEs[0].Type = V2, Flexible }, "flexible"},
		{"FDE type", func(s *Section) { s.FDEs[0].Type = 2 }, "FDE type 2"},
		{"PC type", func(s *Section) { s.FDEs[0].PCType = 2 }, "PC type 2"},
		{"width", func(s *Section) { s.FDEs[0].Width = 3 }, "3 bytes"},
		{"too many rows", func(s *Section) { s.FDEs[0].FREs = make([]FRE, 1<<16) }, "65536 rows"},
		{"start in a byte", func(s *Section) {
			s.FDEs[0].FREs[3].Start = 256
		}, "row 3: inexpressible: start offset 0x100"},
		{"too many words", func(s *Section) { s.FDEs[0].FREs[0].Words = make([]int32, 16) }, "16 data words"},
		{"word in a byte", func(s *Section) {
			s.FDEs[0].FREs[0].WordSize, s.FDEs[0].FREs[0].Words[0] = 1, 128
		}, "data word 128 in 1 bytes"},
		{"word size", func(s *Section) { s.FDEs[0].FREs[0].WordSize = 8 }, "8 bytes"},
		{"base register", func(s *Section) { s.FDEs[0].FREs[0].Base = Other }, "CFA base"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := kernelLike()
			tt.change(s)
			data, err := s.Encode()
			if !errors.Is(err, ErrInexpressible) || !strings.Contains(err.Error(), tt.says) || data != nil {
				t.Errorf("%v, want an error that says %q", err, tt.says)
			}
			if _, err := NewTable(s); !errors.Is(err, ErrInexpressible) {
				t.Errorf("NewTable: %v", err)
			}
		})
	}
}

// The widths that GNU as chooses, at their limits: checked on its own output by TestGolden, here on each version.
func TestWordSize(t *testing.T) {
	for _, tt := range []struct {
		words      []int32
		t          FDEType
		old, three int
	}{
		{nil, Default, 1, 1},
		{[]int32{127}, Default, 1, 1},
		{[]int32{-127}, Default, 1, 1},
		{[]int32{-128}, Default, 2, 1},
		{[]int32{128}, Default, 2, 2},
		{[]int32{0, 0, -32767}, Default, 2, 2},
		{[]int32{0, 0, -32768}, Default, 4, 2},
		{[]int32{0, 32768}, Default, 4, 4},
		{[]int32{31<<3 | 3, 1}, Flexible, 1, 1}, // 251: control words are unsigned
		{[]int32{32<<3 | 1, 1}, Flexible, 2, 2},
		{[]int32{31<<3 | 3, 251}, Flexible, 2, 2},
	} {
		for v := V1; v <= V3; v++ {
			want := tt.old
			if v == V3 {
				want = tt.three
			}
			if got := wordSize(tt.words, tt.t, v); got != want {
				t.Errorf("%v type %d in %v: %d bytes, want %d", tt.words, tt.t, v, got, want)
			}
		}
	}
}

func TestSort(t *testing.T) {
	s := NewSection(V3, AArch64LE, loadAddr)
	for i, start := range []uint64{30, 10, 20, 10} {
		if err := s.AddFunc(FDE{Start: start, Size: uint32(i) + 1}, Row{CFABase: SP}); err != nil {
			t.Fatal(err)
		}
	}
	s.Sort()
	var sizes []uint32
	for _, f := range s.FDEs {
		sizes = append(sizes, f.Size)
	}
	if s.Flags&FDESorted == 0 || sizes[0] != 2 || sizes[1] != 4 || sizes[2] != 3 || sizes[3] != 1 {
		t.Errorf("flags 0x%x, order of sizes %v", s.Flags, sizes)
	}
}
