// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"stacksweep/internal/blind"
)

// ignoreSizes ignores what may differ between encodings of the same.
var ignoreSizes = cmp.Options{ignorePlace, cmpopts.IgnoreFields(FRE{}, "WordSize"), cmpopts.EquateEmpty()}

func seeds(f *testing.F) {
	for _, g := range goldens {
		data, addr := golden(f, g.name)
		f.Add(data, addr, addr)
	}
	for v := V1; v <= V3; v++ {
		for abi := AArch64BE; abi <= S390X; abi++ {
			if s := genSection(v, abi).Example(7); s != nil {
				if data, err := s.Encode(); err == nil {
					f.Add(data, s.Addr, s.Addr+0x2000)
				}
			}
		}
	}
	f.Add(overlapping(3), uint64(0), uint64(2))
}

// checkDecode holds, for any bytes: an error comes without a section and is classified; what was decoded is encoded to
// something that decodes to the same; and bytes in which Verify finds nothing wrong are decoded, and encoded to
// themselves.
func checkDecode(t interface{ Errorf(string, ...any) }, data []byte, addr uint64) {
	problems := Verify(data, addr)
	s, err := Decode(data, addr)
	if err != nil {
		if s != nil {
			t.Errorf("section with error %v", err)
		}
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) {
			t.Errorf("unclassified error %v", err)
		}
		if len(problems) == 0 {
			t.Errorf("nothing wrong, but not decoded: %v", err)
		}
		return
	}
	if err := Dump(io.Discard, s); err != nil {
		t.Errorf("dump: %v", err)
	}
	for v := V1; v <= V3; v++ {
		if _, err := Convert(s, v); err != nil && !errors.Is(err, ErrInexpressible) && !errors.Is(err, ErrMalformed) {
			t.Errorf("unclassified error of a conversion to %v: %v", v, err)
		}
	}
	encoded, err := s.Encode()
	if err != nil {
		// Closing gaps moves the fields that starts are relative to, and can bring one out of reach.
		if len(problems) == 0 || !errors.Is(err, ErrInexpressible) {
			t.Errorf("decoded, but not encoded: %v", err)
		}
		return
	}
	if len(problems) == 0 && !bytes.Equal(encoded, data) {
		t.Errorf("nothing wrong, but not canonical:\n%x\nencoded\n%x", data, encoded)
	}
	again, err := Decode(encoded, addr)
	if err != nil {
		t.Errorf("encoded, but not decoded: %v", err)
	}
	if reflect.DeepEqual(s, again) {
		return // cmp takes ten times as long
	}
	if diff := cmp.Diff(s, again, ignorePlace, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-decoded +decoded again):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	seeds(f)
	blind.Fuzz(f, func(t *testing.T, data []byte, addr, _ uint64) { checkDecode(t, data, addr) })
}

// checkLookup holds, for any bytes and program counter, by all rules: a row is only returned without an error, and
// covers the program counter; and Row says the same whatever it remembers.
func checkLookup(t interface{ Errorf(string, ...any) }, data []byte, addr, pc uint64) {
	for _, rules := range []Rules{{}, {Kernel: true}, {Kernel: true, Module: true, Outermost: true},
		{Kernel: true, TextEnd: pc}} {
		table, err := OpenTable(data, addr, rules)
		if err != nil {
			if table != nil {
				t.Errorf("table with error %v", err)
			}
			continue
		}
		for _, pc := range []uint64{pc, pc + 1, 0, ^uint64(0)} {
			row, err := table.Lookup(pc)
			switch {
			case err != nil && row != (Row{}):
				t.Errorf("row %+v with error %v", row, err)
			case err == nil && pc-row.FDEStart >= uint64(row.FDESize):
				t.Errorf("row %+v doesn't cover 0x%x", row, pc)
			}
		}
		for offset := range uint64(300) {
			at := pc - 150 + offset
			row, err := table.Lookup(at)
			want, wantFailure := inTerms(at, &row, err)
			if got, failure := table.Row(at); got != want || failure != wantFailure {
				t.Errorf("0x%x: row %+v, %v; looked up %+v, %v", at, got, failure, want, wantFailure)
				return
			}
		}
	}
}

func FuzzLookup(f *testing.F) {
	seeds(f)
	blind.Fuzz(f, func(t *testing.T, data []byte, addr, pc uint64) { checkLookup(t, data, addr, pc) })
}

// TestDamaged damages valid sections in a few places, which gets further into the readers than what fuzzing starts
// from.
func TestDamaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := everySection().Draw(t, "section")
		data, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "damages") {
			at := rapid.IntRange(2, len(data)-1).Draw(t, "at")
			data[at] = rapid.SampledFrom([]byte{0, 1, data[at] ^ 1, data[at] ^ 0x20, data[at] ^ 0x80, 0x7f,
				0xff}).Draw(t, "byte")
		}
		checkDecode(t, data, s.Addr)
		checkLookup(t, data, s.Addr, s.Addr+0x2000+rapid.Uint64Range(0, 300).Draw(t, "pc"))
	})
}
