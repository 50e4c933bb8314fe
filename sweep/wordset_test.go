// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"

	"stacksweep/emu"
)

// A set of words is what a map and bytes say.
func TestWordSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		memory := rapid.SliceOfN(rapid.Byte(), 512, 512).Draw(t, "memory")
		start := append([]byte(nil), memory...)
		var stores []emu.Store
		for range rapid.IntRange(0, 20).Draw(t, "stores") {
			size := rapid.SampledFrom([]uint8{1, 2, 4, 8}).Draw(t, "size")
			s := emu.Store{Addr: rapid.Uint64Range(0, 504).Draw(t, "addr"), Size: size}
			var old [8]byte
			copy(old[:size], memory[s.Addr:])
			s.Old, s.New = binary.LittleEndian.Uint64(old[:]), rapid.Uint64Range(0, 1).Draw(t, "new")
			for b := range size {
				memory[s.Addr+uint64(b)] = byte(s.New >> (8 * b))
			}
			stores = append(stores, s)
		}
		var set wordSet
		in := map[uint64]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "words") {
			addr := 8 * rapid.Uint64Range(0, 63).Draw(t, "word")
			set.add(addr)
			in[addr] = true
		}
		changed := false
		for addr := range in {
			set.slot(addr).value = binary.LittleEndian.Uint64(memory[addr:])
			changed = changed || string(memory[addr:addr+8]) != string(start[addr:addr+8])
		}
		if set.used != len(in) {
			t.Fatalf("%d words of %d", set.used, len(in))
		}
		for _, s := range stores {
			want := false
			for b := range uint64(s.Size) {
				want = want || in[(s.Addr+b)&^7]
			}
			if set.touches(&s) != want {
				t.Fatalf("a store of %d bytes at %d touches the words: %t, want %t", s.Size, s.Addr, !want, want)
			}
		}
		if got := set.undo(stores); got != changed {
			t.Fatalf("undone stores change the words: %t, want %t", got, changed)
		}
		for addr := range in {
			if got, want := set.slot(addr).value, binary.LittleEndian.Uint64(start[addr:]); got != want {
				t.Fatalf("before the stores the word at %d is %#x, want %#x", addr, got, want)
			}
		}
	})
}
