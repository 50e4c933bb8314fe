// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"math"

	"pgregory.net/rapid"
)

// genSection draws a valid section of the version: everything that the ABI allows, with every width.
func genSection(v Version, abi ABI) *rapid.Generator[*Section] {
	return rapid.Custom(func(t *rapid.T) *Section {
		s := &Section{Version: v, ABI: abi,
			Addr: rapid.SampledFrom([]uint64{0, 0x1000, 0x10000, 0xffff_8000_1000_0000}).Draw(t, "addr")}
		if v == V3 || v == V2 && rapid.Bool().Draw(t, "pcrel") {
			s.Flags |= FuncStartPCRel
		}
		if abi == AMD64 {
			s.FixedRA = -8
			s.FixedFP = rapid.SampledFrom([]int8{0, -16}).Draw(t, "fixed FP")
		}
		if v < V3 && rapid.Bool().Draw(t, "frame pointer") {
			s.Flags |= FramePointer
		}
		start := s.Addr + 0x2000
		for range rapid.IntRange(0, 6).Draw(t, "fdes") {
			f := genFDE(s, v, abi).Draw(t, "fde")
			start += uint64(rapid.IntRange(0, 64).Draw(t, "gap"))
			f.Start = start
			start += uint64(f.Size)
			s.FDEs = append(s.FDEs, f)
		}
		s.Flags |= FDESorted
		return s
	})
}

func genFDE(s *Section, v Version, abi ABI) *rapid.Generator[FDE] {
	return rapid.Custom(func(t *rapid.T) FDE {
		f := FDE{Width: rapid.SampledFrom([]uint8{1, 2, 4}).Draw(t, "width")}
		limit := uint32(math.MaxUint8)
		switch f.Width {
		case 2:
			limit = math.MaxUint16
		case 4:
			limit = 1 << 20
		}
		f.Size = rapid.Uint32Range(16, max(17, limit)).Draw(t, "size")
		if v >= V2 && rapid.IntRange(0, 5).Draw(t, "mask") == 0 {
			f.PCType, f.RepSize = Mask, rapid.Uint8Range(4, 16).Draw(t, "rep")
		}
		if abi.isAArch64() {
			f.BKey = rapid.Bool().Draw(t, "key")
		}
		if v == V3 {
			f.Signal = rapid.Bool().Draw(t, "signal")
			if rapid.IntRange(0, 3).Draw(t, "flexible") == 0 {
				f.Type = Flexible
			}
		}
		end := f.Size
		if f.PCType == Mask {
			end = uint32(f.RepSize)
		}
		at := uint32(0)
		for range rapid.IntRange(boolInt(v < V3 || f.Type == Flexible), 6).Draw(t, "rows") {
			if at >= end {
				break
			}
			r := genFRE(s, abi, v, f.Type).Draw(t, "row")
			r.Start = at
			f.FREs = append(f.FREs, r)
			at += rapid.Uint32Range(1, max(1, end/4)).Draw(t, "step")
		}
		return f
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func genFRE(s *Section, abi ABI, v Version, ft FDEType) *rapid.Generator[FRE] {
	return rapid.Custom(func(t *rapid.T) FRE {
		r := FRE{WordSize: rapid.SampledFrom([]uint8{1, 2, 4}).Draw(t, "wordsize"),
			Base: Base(rapid.IntRange(0, 1).Draw(t, "base"))}
		if abi.isAArch64() {
			r.Mangled = rapid.Bool().Draw(t, "mangled")
		}
		bits := 8*int(r.WordSize) - 1
		word := rapid.Int32Range(-1<<min(bits, 24), 1<<min(bits, 24)-1)
		if v >= V2 && rapid.IntRange(0, 7).Draw(t, "outermost") == 0 {
			return r
		}
		if ft == Flexible {
			rules := rapid.IntRange(1, 3).Draw(t, "rules")
			for i := range rules {
				if i == 1 && rules == 3 && rapid.Bool().Draw(t, "padding") {
					r.Words = append(r.Words, 0)
					continue
				}
				c := NewControlWord(rapid.Uint32Range(0, 31).Draw(t, "reg"), true, rapid.Bool().Draw(t, "deref"))
				if i > 0 && rapid.Bool().Draw(t, "cfa-relative") {
					c = NewControlWord(0, false, true)
				}
				r.Words = append(r.Words, int32(c), word.Draw(t, "offset"))
			}
			return r
		}
		counts := []int{1, 3}
		switch abi {
		case AMD64:
			counts = []int{1, 2}
			if s.FixedFP != 0 {
				counts = []int{1}
			}
		case S390X:
			counts = []int{1, 2, 3}
		}
		for i := range rapid.SampledFrom(counts).Draw(t, "words") {
			w := word.Draw(t, "word")
			if i > 0 && w == 0 && v < V3 {
				w = -8 // dumps of different binutils differ
			}
			r.Words = append(r.Words, w)
		}
		return r
	})
}
