// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Encodings, as an assembler makes them.
const (
	nop     = 0xd503201f
	ret     = 0xd65f03c0
	pushFP  = 0xa9bf7bfd // stp x29, x30, [sp, #-16]!
	popFP   = 0xa8c17bfd // ldp x29, x30, [sp], #16
	movFP   = 0x910003fd // mov x29, sp
	blNear  = 0x94000001 // bl .+4
	blFar   = 0x97fffff0 // bl .-64
	cbzNear = 0xb4000040 // cbz x0, .+8
	cbzFar  = 0xb4000400 // cbz x0, .+128
	cbz1    = 0xb4000041 // cbz x1, .+8
	ldr8    = 0xf9400400 // ldr x0, [x0, #8]
	ldr16   = 0xf9400800 // ldr x0, [x0, #16]
)

func TestShapeForgetsDistances(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b uint32
		same bool
	}{
		{"bl", blNear, blFar, true},
		{"cbz", cbzNear, cbzFar, true},
		{"cbz of another register", cbzNear, cbz1, false},
		{"b and bl", 0x14000001, blNear, false},
		{"b.eq and b.ne", 0x54000040, 0x54000041, false},
		{"tbz of another bit", 0x36000000, 0x36080000, false},
		{"adrp", 0x90000000, 0xf0ffffe0, true},
		{"adr and adrp", 0x10000000, 0x90000000, false},
		{"ldr literal", 0x58000040, 0x58000400, true},
		{"ldr", ldr8, ldr16, false},
	} {
		if got := shape(c.a) == shape(c.b); got != c.same {
			t.Errorf("%s: %#08x and %#08x have the same shape: %v", c.name, c.a, c.b, got)
		}
	}
}

func TestAlign(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new []uint32
		want     []int
	}{
		{"moved", []uint32{pushFP, blNear, popFP, ret}, []uint32{pushFP, blFar, popFP, ret}, []int{0, 1, 2, 3}},
		{"grown at the front", []uint32{pushFP, blNear, ret}, []uint32{nop, nop, pushFP, blFar, ret}, []int{2, 3, 4}},
		{"shrunk", []uint32{pushFP, movFP, blNear, popFP, ret}, []uint32{pushFP, blNear, popFP, ret},
			[]int{0, -1, 1, 2, 3}},
		{"another constant", []uint32{pushFP, ldr8, popFP, ret}, []uint32{pushFP, ldr16, popFP, ret},
			[]int{0, 1, 2, 3}},
		{"nothing in common", []uint32{pushFP, movFP}, []uint32{ret}, []int{-1, -1}},
		{"empty", nil, []uint32{ret}, []int{}},
	} {
		if diff := cmp.Diff(c.want, align(c.old, c.new)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// Whatever is inserted into code, every old instruction is found again, in order, as an equal one.
func TestAlignFindsWhatWasKept(t *testing.T) {
	words := rapid.SliceOf(rapid.SampledFrom([]uint32{nop, ret, pushFP, popFP, movFP, blNear, cbzNear, ldr8, ldr16}))
	rapid.Check(t, func(t *rapid.T) {
		old := words.Draw(t, "old")
		var newer []uint32
		for _, w := range old {
			newer = append(append(newer, words.Draw(t, "inserted")...), w)
		}
		to := align(old, newer)
		if !slices.IsSorted(to) {
			t.Fatalf("not in order: %v", to)
		}
		for i, j := range to {
			if j < 0 || shape(old[i]) != shape(newer[j]) {
				t.Fatalf("instruction %d is taken for %d: %v", i, j, to)
			}
		}
	})
}

// Aligning is strictly monotonous: no new instruction is used twice.
func TestAlignPairsOnce(t *testing.T) {
	words := rapid.SliceOf(rapid.SampledFrom([]uint32{nop, ret, pushFP, popFP}))
	rapid.Check(t, func(t *rapid.T) {
		old, newer := words.Draw(t, "old"), words.Draw(t, "new")
		last := -1
		for _, j := range align(old, newer) {
			if j < 0 {
				continue
			}
			if j <= last || j >= len(newer) {
				t.Fatalf("%v", align(old, newer))
			}
			last = j
		}
	})
}

func BenchmarkAlign(b *testing.B) {
	old, newer := make([]uint32, 1000), make([]uint32, 1000)
	for i := range old {
		old[i], newer[i] = uint32(i*7919%64), uint32(i*104729%64)
	}
	for b.Loop() {
		align(old, newer)
	}
}
