// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"errors"
	"sync"
	"testing"

	"stacksweep/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// rowOptions compare rows without going into the FDE that they point to.
var rowOptions = cmp.Options{cmp.Comparer(func(a, b *FDE) bool { return a == b })}

// TestLookup compares Lookup with Rows at every instruction, and just outside of every function.
func TestLookup(t *testing.T) {
	for _, o := range objects {
		t.Run(o.name, func(t *testing.T) {
			section := ".eh_frame"
			if o.noSFrame {
				section = ".debug_frame"
			}
			info := loadSection(t, "testdata/"+o.name+".so", section)
			for i, f := range info.FDEs {
				rows, err := f.Rows()
				if err != nil {
					t.Fatal(err)
				}
				at := f.Start
				for _, want := range rows {
					if want.Start != at {
						t.Fatalf("%v: row at %#x, the one before ends at %#x", f, want.Start, at)
					}
					for ; at < want.End; at++ {
						got, err := info.Lookup(at)
						if err != nil {
							t.Fatal(err)
						}
						if diff := cmp.Diff(want, got, rowOptions); diff != "" {
							t.Fatalf("%#x (-Rows +Lookup):\n%s", at, diff)
						}
					}
				}
				if at != f.End {
					t.Errorf("%v: rows end at %#x", f, at)
				}
				if i == 0 {
					if _, err := info.Lookup(f.Start - 1); !errors.Is(err, ErrNoFDE) {
						t.Errorf("before the first function: %v", err)
					}
				}
				if i == len(info.FDEs)-1 {
					if _, err := info.Lookup(f.End); !errors.Is(err, ErrNoFDE) {
						t.Errorf("after the last function: %v", err)
					}
				}
			}
		})
	}
}

func TestLookupOverlapping(t *testing.T) {
	s := newSection(EHFrame)
	cie := s.cie("zR", 0x00)
	s.fde(cie, 0x1000, 0x1000) // outer
	s.fde(cie, 0x1100, 0x10)   // inner
	s.fde(cie, 0x1200, 0)      // empty
	s.fde(cie, 0x1100, 0x20)   // starts with inner
	s.fde(cie, 0x3000, 0x10)
	info, err := Parse(s.data, 0, EHFrame)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		pc         uint64
		start, end uint64 // of the function found; 0: none
	}{
		{pc: 0xfff},
		{0x1000, 0x1000, 0x2000},
		{0x10ff, 0x1000, 0x2000},
		{0x1100, 0x1100, 0x1120},
		{0x111f, 0x1100, 0x1120},
		{0x1120, 0x1000, 0x2000},
		{0x1200, 0x1000, 0x2000},
		{0x1fff, 0x1000, 0x2000},
		{pc: 0x2000},
		{pc: 0x2fff},
		{0x3000, 0x3000, 0x3010},
		{pc: 0x3010},
		{pc: ^uint64(0)},
	} {
		row, err := info.Lookup(test.pc)
		switch {
		case test.end == 0:
			if err != ErrNoFDE {
				t.Errorf("%#x: %v, %v; want ErrNoFDE", test.pc, row.FDE, err)
			}
		case err != nil:
			t.Errorf("%#x: %v", test.pc, err)
		case row.FDE.Start != test.start || row.FDE.End != test.end:
			t.Errorf("%#x: %v, want the function %#x..%#x", test.pc, row.FDE, test.start, test.end)
		}
	}
}

// TestLookupTogether has goroutines look up the same functions for the first time; the race detector sees whether
// they may.
func TestLookupTogether(t *testing.T) {
	info := loadSection(t, "testdata/frames-pac.so", ".eh_frame")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, f := range info.FDEs {
				if row, err := info.Lookup(f.End - 1); err != nil || row.FDE != f {
					t.Errorf("%v: %v, %v", f, row.FDE, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestLookupAllocates checks that look-ups allocate nothing once a function's table is there.
func TestLookupAllocates(t *testing.T) {
	info := loadSection(t, "testdata/frames-O2.so", ".eh_frame")
	pc := info.FDEs[3].Start + 8
	if n := testing.AllocsPerRun(100, func() {
		if _, err := info.Lookup(pc); err != nil {
			t.Fatal(err)
		}
		if _, err := info.Lookup(0); err != ErrNoFDE {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	info := loadSection(b, testkit.Libc(b), ".eh_frame")
	lo, hi := info.FDEs[0].Start, info.FDEs[len(info.FDEs)-1].End
	pc := lo
	for b.Loop() {
		if _, err := info.Lookup(pc); err != nil && err != ErrNoFDE {
			b.Fatal(err)
		}
		if pc += 0x2718; pc >= hi { // visits functions in no particular order
			pc -= hi - lo
		}
	}
}

func BenchmarkParse(b *testing.B) {
	info := loadSection(b, testkit.Libc(b), ".eh_frame")
	b.SetBytes(int64(len(info.sec.data)))
	for b.Loop() {
		if _, err := Parse(info.sec.data, info.sec.addr, EHFrame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRowsOfAll(b *testing.B) {
	info := loadSection(b, testkit.Libc(b), ".eh_frame")
	for b.Loop() {
		for _, f := range info.FDEs {
			if t := f.evaluate(); t.err != nil {
				b.Fatal(t.err)
			}
		}
	}
}
