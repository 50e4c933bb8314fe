// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"slices"
	"testing"
)

// What the kernel's reader refuses although the specification allows it, and the other way round.
func TestKernelRulesHeader(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Section)
	}{
		{"version 2", func(s *Section) { s.Version = V2; s.FDEs = s.FDEs[:1] }},
		{"starts relative to the section", func(s *Section) { s.Flags &^= FuncStartPCRel }},
		{"auxiliary header", func(s *Section) { s.Aux = []byte{0} }},
		{"no FDEs", func(s *Section) { s.FDEs = nil }},
		{"no rows", func(s *Section) { s.FDEs = s.FDEs[2:3] }},
		{"another architecture", func(s *Section) {
			s.ABI = AMD64
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := kernelLike()
			tt.change(s)
			data := mustEncode(t, s)
			if _, err := OpenTable(data, loadAddr, Rules{Kernel: true}); !errors.Is(err, ErrUnsupported) {
				t.Errorf("kernel: %v", err)
			}
			if _, err := OpenTable(data, loadAddr, Rules{}); err != nil {
				t.Errorf("specification: %v", err)
			}
		})
	}
}

func TestKernelRulesLookup(t *testing.T) {
	const (
		frame     = loadAddr - 0x1000
		outerFunc = loadAddr - 0x0e00
		outerRow  = loadAddr - 0x0d00
		mask      = loadAddr - 0x0c00
	)
	kernel, module := Rules{Kernel: true}, Rules{Kernel: true, Module: true}
	unsorted := func(s *Section) { slices.Reverse(s.FDEs); s.Flags &^= FDESorted }
	none := func(*Section) {}
	tests := []struct {
		name   string
		change func(*Section)
		rules  Rules
		pc     uint64
		err    error
	}{
		{"as usual", none, kernel, frame, nil},
		{"outermost function", none, kernel, outerFunc, ErrUnsupported},
		{"outermost row", none, kernel, outerRow, ErrUnsupported},
		{"outermost function, repaired", none, Rules{Kernel: true, Outermost: true}, outerFunc, nil},
		{"outermost row, repaired", none, Rules{Kernel: true, Outermost: true}, outerRow, nil},
		{"unsorted image", unsorted, kernel, frame, ErrUnsorted},
		{"unsorted module", unsorted, module, frame, nil},
		{"unsorted by the specification", unsorted, Rules{}, frame, nil},
		{"sorted but not flagged so", func(s *Section) { s.Flags &^= FDESorted }, kernel, frame, ErrUnsorted},
		{"flagged as sorted but isn't", func(s *Section) { slices.Reverse(s.FDEs) }, kernel, frame, ErrMalformed},
		{"flagged as sorted but isn't, module", func(s *Section) { slices.Reverse(s.FDEs) }, module, frame, nil},
		{"order contradicts itself", astray, kernel, frame, ErrMalformed},
		{"order contradicts itself, unseen", astray, kernel, mask, nil},
		{"start before the text", none, Rules{Kernel: true, TextStart: frame + 4, TextEnd: loadAddr}, frame + 4,
			ErrMalformed},
		{"start at the end of the text", none, Rules{Kernel: true, TextStart: frame - 8, TextEnd: frame}, frame,
			ErrMalformed},
		{"start in the text", none, Rules{Kernel: true, TextStart: frame, TextEnd: frame + 4}, frame, nil},
		{"flexible", func(s *Section) {
			s.FDEs[0].Type = Flexible
			s.FDEs[0].FREs = []FRE{{Words: []int32{31<<3 | 1, 16}}}
		}, kernel, frame, ErrUnsupported},
		{"mask with a block of 0 bytes", func(s *Section) { s.FDEs[4].RepSize = 0 }, kernel, mask + 40, nil},
		{"mask with a block of 0 bytes by the specification", func(s *Section) {
			s.FDEs[4].RepSize = 0
		}, Rules{}, mask + 40, ErrMalformed},
		{"too many words", func(s *Section) {
			s.FDEs[0].FREs[0].Words = []int32{0, 1, 2, 3}
		}, kernel, frame, ErrMalformed},
		{"rows out of order before pc", func(s *Section) {
			s.FDEs[0].FREs[2].Start = 3
		}, kernel, frame + 8, ErrMalformed},
		{"rows out of order after pc", func(s *Section) { s.FDEs[0].FREs[3].Start = 6 }, kernel, frame + 4, nil},
		{"rows at the same place", func(s *Section) { s.FDEs[0].FREs[2].Start = 4 }, kernel, frame + 8, ErrMalformed},
		{"row at the end of the function", func(s *Section) { s.FDEs[0].FREs[3].Start = 20 }, kernel, frame + 19, nil},
		{"row beyond the function", func(s *Section) { s.FDEs[0].FREs[3].Start = 21 }, kernel, frame + 8, ErrMalformed},
		{"function hidden by an empty one", hide, kernel, frame, ErrNoFDE},
		{"function hidden by an empty one, by the specification", hide, Rules{}, frame, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := kernelLike()
			tt.change(s)
			table, err := OpenTable(mustEncode(t, s), loadAddr, tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			row, err := table.Lookup(tt.pc)
			if !errors.Is(err, tt.err) {
				t.Errorf("%+v, %v, want error %v", row, err, tt.err)
			}
			if err != nil && row != (Row{}) {
				t.Errorf("row %+v with error %v", row, err)
			}
		})
	}
}

// astray moves the second function after all others, without its place in the list.
func astray(s *Section) { s.FDEs[1].Start = loadAddr + 0x10 }

// hide makes the second function an empty one at the start of the first.
func hide(s *Section) { s.FDEs[1].Start, s.FDEs[1].Size = s.FDEs[0].Start, 0 }

// A saved RA or FP at offset 0 from the CFA: the specification takes it literally, the kernel as not saved.
func TestKernelRulesOffsetZero(t *testing.T) {
	s := kernelLike()
	s.FDEs[0].FREs[0].Words = []int32{16, 0, -8}
	data := mustEncode(t, s)
	for _, tt := range []struct {
		rules Rules
		want  Rule
	}{
		{Rules{}, Rule{Kind: AtCFA}},
		{Rules{Kernel: true}, Rule{Kind: Retained}},
	} {
		table, err := OpenTable(data, loadAddr, tt.rules)
		if err != nil {
			t.Fatal(err)
		}
		row, err := table.Lookup(s.FDEs[0].Start)
		if err != nil || row.RA != tt.want {
			t.Errorf("%+v: RA %+v, %v, want %+v", tt.rules, row.RA, err, tt.want)
		}
	}
}
