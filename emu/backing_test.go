// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"bytes"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// Machines whose regions are parts of a backing, wherever these begin and end, see its bytes and their own changes, be
// they the host's or the guest's; neither the bytes nor other machines do.
func TestBacking(t *testing.T) {
	const base, pages = 0x7_0000_0000, 5
	rapid.Check(t, func(t *rapid.T) {
		// size is a number of bytes, most often of whole pages.
		size := func(name string, most int) int {
			n := rapid.IntRange(0, pages).Draw(t, name) * PageSize
			return min(n+rapid.SampledFrom([]int{0, 0, 8, 0x701}).Draw(t, "bytes more"), most)
		}
		data := make([]byte, size("stored", pages*PageSize))
		for i := range data {
			data[i] = byte(i%251) + 1
		}
		original := bytes.Clone(data)
		backing, err := NewBacking(data)
		if err != nil {
			t.Fatal(err)
		}
		start := size("start", len(data))
		part := data[start:][:size("length", len(data)-start)]
		model := make([]byte, pages*PageSize)
		copy(model, part)
		c := config(words(0xf9000021)) // str x1, [x1]
		c.Regions = append(c.Regions, Region{Name: "backed", Base: base, Size: pages * PageSize, Data: part,
			Perm: Read | Write, Backing: backing})
		unchanged := bytes.Clone(model)
		machine := func() *Machine {
			m, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		first, second := machine(), machine()
		defer first.Close()
		defer second.Close()
		runtime.GC() // of the backing, machines need nothing any more
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			at := 8 * rapid.IntRange(0, len(model)/8-1).Draw(t, "changed")
			addr := uint64(base + at)
			if rapid.Bool().Draw(t, "by the host") {
				err = first.PutWord(addr, addr)
			} else {
				r := startRegs()
				r.X[1] = addr
				if err = first.SetRegs(r); err == nil {
					err = first.Advance(1)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			put(model[at:], addr, 8)
		}
		third := machine()
		defer third.Close()
		for i, want := range [][]byte{model, unchanged, unchanged} {
			got := make([]byte, len(want))
			if err := []*Machine{first, second, third}[i].Read(base, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("machine %d has other memory", i+1)
			}
		}
		if !bytes.Equal(data, original) {
			t.Fatal("the bytes were changed")
		}
	})
}
