// SPDX-License-Identifier: GPL-2.0-only

package image_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/blind"
	"stacksweep/scenarios/corpus"
)

// exceptionTable is a table at an address with some entries {instruction, fix-up}.
func exceptionTable(addr uint64, entrySize int, entries ...[2]uint64) []byte {
	table := make([]byte, entrySize*len(entries))
	for i, e := range entries {
		for j, to := range e {
			at := i*entrySize + 4*j
			binary.LittleEndian.PutUint32(table[at:], uint32(to-(addr+uint64(at))))
		}
	}
	return table
}

func TestExceptionTable(t *testing.T) {
	const addr = 0xffff800081000004
	low, high := [2]uint64{0xffff800080010000, 0xffff800080010040}, [2]uint64{0xffff800082000008, 0xffff800080000000}
	for _, tt := range []struct {
		name      string
		table     []byte
		entrySize uint64
		want      map[uint64]uint64
	}{
		{"empty", nil, 8, map[uint64]uint64{}},
		{"ours", exceptionTable(addr, 8, low, high), 8, map[uint64]uint64{low[0]: low[1], high[0]: high[1]}},
		{"the kernel's", exceptionTable(addr, 12, low, high), 12, map[uint64]uint64{low[0]: low[1], high[0]: high[1]}},
		{"one twice", exceptionTable(addr, 8, low, low), 8, map[uint64]uint64{low[0]: low[1]}},
		{"two fix-ups", exceptionTable(addr, 8, low, [2]uint64{low[0], high[1]}), 8, nil},
		{"half an entry", exceptionTable(addr, 8, low)[:12/2], 8, nil},
		{"entries too small", make([]byte, 8), 4, nil},
		{"no instruction", exceptionTable(addr, 8, [2]uint64{low[0] + 2, low[1]}), 8, nil},
		{"no fix-up", exceptionTable(addr, 8, [2]uint64{low[0], low[1] + 1}), 8, nil},
	} {
		got, err := image.ExceptionTable(addr, tt.table, tt.entrySize)
		if (err != nil) != (tt.want == nil) || err != nil && !errors.Is(err, image.ErrExceptionTable) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

// The corpus's table is in the order of its instructions, among which its handler searches by halves.
func TestCorpusTableIsSorted(t *testing.T) {
	addr, table, ok := corpus.Image().Section("__ex_table")
	if !ok {
		t.Fatal("no table")
	}
	var insns []uint64
	for at := 0; at < len(table); at += 8 {
		one, err := image.ExceptionTable(addr+uint64(at), table[at:at+8], 8)
		if err != nil {
			t.Fatal(err)
		}
		for insn := range one {
			insns = append(insns, insn)
		}
	}
	if len(insns) < 20 || !slices.IsSorted(insns) {
		t.Errorf("%d entries: %#x", len(insns), insns)
	}
}

// Whatever is read as a table is what its entries say, and written again gives the same.
func FuzzExceptionTable(f *testing.F) {
	f.Add(uint64(0xffff800081000000),
		exceptionTable(0xffff800081000000, 8, [2]uint64{0xffff800080010000, 0xffff800080010040}), uint8(8))
	f.Add(uint64(0xfffffffffffffff8), make([]byte, 24), uint8(12))
	blind.Fuzz(f, func(t *testing.T, addr uint64, table []byte, entrySize uint8) {
		fixups, err := image.ExceptionTable(addr, table, uint64(entrySize))
		if err != nil {
			if fixups != nil || !errors.Is(err, image.ErrExceptionTable) {
				t.Fatalf("%v, and %d entries", err, len(fixups))
			}
			return
		}
		for at := 0; at < len(table); at += int(entrySize) {
			insn := addr + uint64(at) + uint64(int32(binary.LittleEndian.Uint32(table[at:])))
			fixup, ok := fixups[insn]
			if !ok {
				t.Fatalf("entry at %d: %#x is missing", at, insn)
			}
			again := exceptionTable(addr+uint64(at), 8, [2]uint64{insn, fixup})
			if !slices.Equal(again, table[at:at+8]) {
				t.Fatalf("entry at %d: % x, written again % x", at, table[at:at+8], again)
			}
		}
	})
}
