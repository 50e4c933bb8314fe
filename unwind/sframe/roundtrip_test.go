// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// everySection draws a valid section of any version and ABI.
func everySection() *rapid.Generator[*Section] {
	var gens []*rapid.Generator[*Section]
	for v := V1; v <= V3; v++ {
		for _, abi := range []ABI{AArch64BE, AArch64LE, AMD64, S390X} {
			if v > V1 || abi != S390X {
				gens = append(gens, genSection(v, abi))
			}
		}
	}
	return rapid.OneOf(gens...)
}

// ignorePlace ignores where decoding found the data of FDEs.
var ignorePlace = cmpopts.IgnoreFields(FDE{}, "FREOffset")

// A valid section survives being encoded and decoded, and there is nothing wrong with the bytes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := everySection().Draw(t, "section")
		data, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if problems := Verify(data, s.Addr); len(problems) > 0 {
			t.Fatal(problems)
		}
		got, err := Decode(data, s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got, ignorePlace, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal("(-encoded +decoded):\n", diff)
		}
		again, err := got.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, data) {
			t.Fatalf("encoded again:\n%x\nwant\n%x", again, data)
		}
	})
}

// Lookup finds for every program counter the row that a plain search of the structs finds, in sections sorted or not.
func TestLookupAgainstStructs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := everySection().Draw(t, "section")
		if rapid.Bool().Draw(t, "shuffle") {
			s.FDEs = rapid.Permutation(s.FDEs).Draw(t, "order")
			s.Flags &^= FDESorted
		}
		table, err := NewTable(s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.FDEs {
			f := &s.FDEs[i]
			for range 8 {
				offset := rapid.Uint32Range(0, f.Size-1).Draw(t, "offset")
				got, gotErr := table.Lookup(f.Start + uint64(offset))
				want, wantErr := rowByHand(s, i, offset)
				if gotErr != wantErr {
					t.Fatalf("error %v, want %v", gotErr, wantErr)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatal("(-want +got):\n", diff)
				}
			}
		}
	})
}

// rowByHand returns the row of FDE i for an offset into its function.
func rowByHand(s *Section, i int, offset uint32) (Row, error) {
	f := &s.FDEs[i]
	if s.Version == V3 && f.Type == Default && len(f.FREs) == 0 {
		return Row{FDEStart: f.Start, FDESize: f.Size, BKey: f.BKey, Signal: f.Signal, Outermost: true,
			RA: Rule{Kind: Undefined}}, nil
	}
	if f.PCType == Mask {
		offset %= uint32(f.RepSize)
	}
	found := -1
	for j := range f.FREs {
		if f.FREs[j].Start <= offset {
			found = j
		}
	}
	if found < 0 {
		return Row{}, ErrNoRow
	}
	return s.Row(i, found)
}
