// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"testing"

	"pgregory.net/rapid"
)

func fde(start uint64, size uint32, rows ...FRE) FDE {
	return FDE{Start: start, Size: size, FREs: rows}
}

func fre(start uint32, words ...int32) FRE { return FRE{Start: start, Base: SP, Words: words} }

func TestDiff(t *testing.T) {
	section := func(v Version, fdes ...FDE) *Section { return &Section{Version: v, ABI: AArch64LE, FDEs: fdes} }
	whole := section(V3, fde(0x1000, 0x20, fre(0, 0), fre(4, 16, -8, -16), fre(0x1c, 0)))
	for _, tt := range []struct {
		name  string
		a, b  *Section
		place func(uint64) (uint64, bool)
		want  Difference // without Runs and Missing
		runs  int
	}{
		{"same", whole, whole, nil, Difference{Alike: 8}, 0},
		{"another version", whole, section(V2, fde(0x1000, 0x20, fre(0, 0), fre(4, 16, -8, -16), fre(0x1c, 0))), nil,
			Difference{Alike: 8}, 0},
		{"cut up in another way", whole,
			section(V3, fde(0x1000, 0x10, fre(0, 0), fre(4, 16, -8, -16), fre(8, 16, -8, -16)),
				fde(0x1010, 0x10, fre(0, 16, -8, -16), fre(0xc, 0))), nil, Difference{Alike: 8}, 0},
		{"a row", whole, section(V3, fde(0x1000, 0x20, fre(0, 0), fre(8, 16, -8, -16), fre(0x1c, 0))), nil,
			Difference{Alike: 7, Differ: 1}, 1},
		{"shorter", whole, section(V3, fde(0x1000, 0x18, fre(0, 0), fre(4, 16, -8, -16))), nil,
			Difference{Alike: 6, OnlyA: 2}, 2},
		{"none", section(V3), whole, nil, Difference{OnlyB: 8}, 3},
		{"moved", whole, section(V3, fde(0x9000, 0x20, fre(0, 0), fre(4, 16, -8, -16), fre(0x1c, 0))),
			func(a uint64) (uint64, bool) {
				return a + 0x8000, true
			}, Difference{Alike: 8}, 0},
		{"outermost in two ways", section(V3, fde(0x1000, 8)), section(V2, fde(0x1000, 8, fre(0))), nil,
			Difference{Alike: 2}, 0},
		{"repeated",
			section(V3, FDE{Start: 0x1000, Size: 32, PCType: Mask, RepSize: 16, FREs: []FRE{fre(0, 0), fre(8, 16)}}),
			section(V3, fde(0x1000, 32, fre(0, 0), fre(8, 16), fre(16, 0), fre(24, 16))), nil, Difference{Alike: 8}, 0},
	} {
		d, err := Diff(tt.a, tt.b, tt.place)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if d.Alike != tt.want.Alike || d.Differ != tt.want.Differ || d.OnlyA != tt.want.OnlyA ||
			d.OnlyB != tt.want.OnlyB || len(d.Runs) != tt.runs {
			t.Errorf("%s: %+v, want %+v and %d runs", tt.name, *d, tt.want, tt.runs)
		}
		if d.Same() != (tt.runs == 0) {
			t.Errorf("%s: same %v", tt.name, d.Same())
		}
	}
	d, _ := Diff(whole, whole, func(uint64) (uint64, bool) { return 0, false })
	if len(d.Missing) != 1 || d.Same() {
		t.Errorf("a function that is nowhere: %+v", d)
	}
}

// TestDiffLookup makes sure that Diff finds a difference exactly where look-ups by the specification's rules give
// different answers.
func TestDiffLookup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const base, room = 0x1000, 48
		draw := func(label string) *Section {
			s := &Section{Version: V3, ABI: AArch64LE, Flags: FuncStartPCRel}
			at := uint64(base)
			for range rapid.IntRange(0, 3).Draw(t, label) {
				at += uint64(rapid.IntRange(0, 1).Draw(t, "gap")) * 4
				size := uint32(rapid.IntRange(1, 3).Draw(t, "size")) * 4
				f := FDE{Start: at, Size: size}
				for o := uint32(0); o < size; o += 4 {
					if o == 0 || rapid.Bool().Draw(t, "row") {
						f.FREs = append(f.FREs, fre(o, int32(rapid.IntRange(0, 1).Draw(t, "cfa"))*16))
					}
				}
				s.FDEs = append(s.FDEs, f)
				at += uint64(size)
			}
			return s
		}
		a, b := draw("A"), draw("B")
		d, err := Diff(a, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		differs := map[uint64]bool{}
		for _, r := range d.Runs {
			for pc := r.From; pc < r.To; pc += 4 {
				differs[pc] = true
			}
		}
		ta, errA := NewTable(a)
		tb, errB := NewTable(b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		for pc := uint64(base); pc < base+room; pc += 4 {
			ra, errA := ta.Lookup(pc)
			rb, errB := tb.Lookup(pc)
			want := (errA == nil) != (errB == nil) || errA == nil && (ra.CFAOffset != rb.CFAOffset)
			if differs[pc] != want {
				t.Fatalf("%#x: differs %v, want %v (%v %v, %v %v)", pc, differs[pc], want, ra, errA, rb, errB)
			}
		}
	})
}
