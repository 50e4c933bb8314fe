// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"debug/elf"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"stacksweep/internal/blind"
	"stacksweep/unwind/sframe"
)

// FuzzParse parses anything.
func FuzzParse(f *testing.F) {
	for _, o := range objects {
		file, err := elf.Open("testdata/" + o.name + ".so")
		if err != nil {
			f.Fatal(err)
		}
		for i, name := range []string{EHFrame: ".eh_frame", DebugFrame: ".debug_frame"} {
			if s := file.Section(name); s != nil {
				data, err := s.Data()
				if err != nil {
					f.Fatal(err)
				}
				f.Add(data, s.Addr, uint8(i))
			}
		}
		file.Close()
	}
	for _, kind := range []Kind{EHFrame, DebugFrame} {
		s := newSection(kind)
		s.wide, s.version = true, 4
		s.fde(s.cie("zR", 0), 0x1000, 0x100, 0x41, 0x0a, 0x9e, 1, 0x2d, 0x41, 0x0b, 0x2c, 0x41, 0x10, 30, 1, 0x31)
		s.fde(s.cie("eh"), 0x1080, 0x100, 0x1d, 0, 0, 0, 0, 0, 0, 0, 0, 0x2b, 2, 0x7f, 0x41, 0x0f, 0)
		f.Add(s.data, uint64(0x1000), uint8(kind))
	}
	blind.Fuzz(f, func(t *testing.T, data []byte, addr uint64, kind uint8) {
		checkSection(t, data, addr, Kind(kind))
	})
}

// FuzzProgram runs any instructions, in an otherwise sound section.
func FuzzProgram(f *testing.F) {
	for _, o := range objects {
		section := ".eh_frame"
		if o.noSFrame {
			section = ".debug_frame"
		}
		for _, fde := range loadSection(f, "testdata/"+o.name+".so", section).FDEs {
			f.Add([]byte{}, fde.sec.data[fde.begin:fde.end])
		}
	}
	f.Add([]byte{0x9e, 1, 0x2d}, []byte{0x1d, 0, 0, 0, 0, 0, 0, 0, 0, 0x2b, 2, 0x7f, 0x41, 0x0f, 0, 0x2c})
	blind.Fuzz(f, func(t *testing.T, inCIE, inFDE []byte) {
		s := newSection(EHFrame)
		s.fde(s.cieWith("zR", []byte{0}, inCIE...), 0x1000, 0x1000, inFDE...)
		checkSection(t, s.data, 0, EHFrame)
	})
}

// checkSection parses a section, evaluates all of it, and checks what holds of every answer: an error comes alone and
// names a place in the section; rows cover their function without a gap; Lookup finds the row; what can be converted
// can be encoded.
func checkSection(t *testing.T, data []byte, addr uint64, kind Kind) {
	place := func(err error) {
		t.Helper()
		var e *Error
		if !errors.As(err, &e) || e.Offset > uint64(len(data)) {
			t.Fatalf("the error names no place in the section: %v", err)
		}
	}
	info, err := Parse(data, addr, kind)
	if err != nil {
		if info != nil {
			t.Fatalf("Parse returned both a result and %v", err)
		}
		place(err)
		return
	}
	var e Evaluator
	for i, fde := range info.FDEs {
		checkEvaluator(t, &e, fde)
		if i > 0 && fde.Start < info.FDEs[i-1].Start || fde.End < fde.Start {
			t.Fatalf("%v isn't in order", fde)
		}
		rows, err := fde.Rows()
		if err != nil {
			if rows != nil {
				t.Fatalf("Rows returned both rows and %v", err)
			}
			place(err)
			continue
		}
		at := fde.Start
		for _, r := range rows {
			if r.Start != at || r.End <= r.Start || r.FDE != fde {
				t.Fatalf("%v: row %#x..%#x, the one before ends at %#x", fde, r.Start, r.End, at)
			}
			at = r.End
		}
		if at != fde.End {
			t.Fatalf("%v: rows end at %#x", fde, at)
		}
		checkLookup(t, info, fde)
	}
	section, skipped := ToSFrame(info, addr)
	if len(section.FDEs)+len(skipped) != len(info.FDEs) {
		t.Fatalf("of %d functions %d were converted and %d skipped", len(info.FDEs), len(section.FDEs), len(skipped))
	}
	for _, s := range skipped {
		place(s.Err)
	}
	encoded, err := section.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sframe.Decode(encoded, addr); err != nil {
		t.Fatal(err)
	}
}

// checkEvaluator evaluates a function in memory that was used for others before: what comes out is the same.
func checkEvaluator(t *testing.T, e *Evaluator, fde *FDE) {
	got, err := e.Rows(fde)
	same := func(a, b Row) bool {
		rules := slices.EqualFunc(a.Rules, b.Rules, func(a, b RegisterRule) bool { return reflect.DeepEqual(a, b) })
		a.Rules, b.Rules = nil, nil
		return rules && reflect.DeepEqual(a, b)
	}
	if want := fde.evaluate(); !slices.EqualFunc(got, want.rows, same) || fmt.Sprint(err) != fmt.Sprint(want.err) {
		t.Fatalf("%v: the evaluator returns %v, %v instead of %v, %v", fde, got, err, want.rows, want.err)
	}
}

// checkLookup looks up the first and the last address of a function, and those next to it.
func checkLookup(t *testing.T, info *Info, fde *FDE) {
	for _, pc := range []uint64{fde.Start - 1, fde.Start, fde.End - 1, fde.End} {
		row, err := info.Lookup(pc)
		inside := fde.Start <= pc && pc < fde.End
		switch {
		case err == ErrNoFDE && inside:
			t.Fatalf("%v: %#x isn't found", fde, pc)
		case err == nil && (pc < row.Start || pc >= row.End):
			t.Fatalf("%#x: row %#x..%#x", pc, row.Start, row.End)
		case err == nil && inside && row.FDE.Start < fde.Start:
			t.Fatalf("%#x: found %v, which starts before %v", pc, row.FDE, fde)
		}
	}
}
