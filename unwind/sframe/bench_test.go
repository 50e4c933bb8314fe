// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// largeSection returns a V3 section of n functions with four rows each, as a kernel has them.
func largeSection(n int) *Section {
	s := NewSection(V3, AArch64LE, 0xffff_8000_8200_0000)
	s.Flags |= FDESorted
	start := uint64(0xffff_8000_8000_0000)
	for i := range n {
		size := uint32(64 + i%97*4)
		s.FDEs = append(s.FDEs, FDE{Start: start, Size: size, FREs: []FRE{
			{Start: 0, Base: SP, Words: []int32{0}},
			{Start: 8, Base: SP, Words: []int32{48, -40, -48}, Mangled: true},
			{Start: 12, Base: FP, Words: []int32{48, -40, -48}, Mangled: true},
			{Start: size - 8, Base: SP, Words: []int32{0}},
		}})
		start += uint64(size)
	}
	return s
}

// BenchmarkLookup looks up rows in 50,000 functions: of instructions anywhere, and of one instruction after another.
func BenchmarkLookup(b *testing.B) {
	s := largeSection(50_000)
	table, err := NewTable(s)
	if err != nil {
		b.Fatal(err)
	}
	first, last := s.FDEs[0].Start, s.FDEs[len(s.FDEs)-1]
	rng := rand.New(rand.NewPCG(1, 2))
	anywhere := make([]uint64, 1<<14)
	for i := range anywhere {
		anywhere[i] = first + rng.Uint64N(last.Start-first)&^3
	}
	next := make([]uint64, 1<<14)
	for i := range next {
		next[i] = anywhere[0] + 4*uint64(i)
	}
	for _, bb := range []struct {
		name string
		pcs  []uint64
	}{{"anywhere", anywhere}, {"next", next}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			quickest := time.Duration(math.MaxInt64)
			for i := 0; b.Loop(); i++ {
				batch := bb.pcs[i%(len(bb.pcs)/lookupBatch)*lookupBatch:][:lookupBatch]
				start := time.Now()
				for _, pc := range batch {
					if _, failure := table.Row(pc); failure.Failed() {
						b.Fatal(failure)
					}
				}
				quickest = min(quickest, time.Since(start))
			}
			b.ReportMetric(float64(quickest.Nanoseconds())/lookupBatch, "ns/lookup")
		})
	}
}

// lookupBatch is how many look-ups are timed together. The quickest batch is one that nothing else has interrupted.
const lookupBatch = 1 << 10

func BenchmarkDecode(b *testing.B) {
	data := mustEncode(b, largeSection(52_000))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenTable(b *testing.B) {
	data := mustEncode(b, largeSection(52_000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := OpenTable(data, 0, Rules{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	data := mustEncode(b, largeSection(52_000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if p := Verify(data, 0xffff_8000_8200_0000); len(p) > 0 {
			b.Fatal(p)
		}
	}
}

// Lookups are done at every instruction of a sweep: they must not allocate, whatever they find.
func TestLookupDoesNotAllocate(t *testing.T) {
	s := kernelLike()
	table, err := NewTable(s)
	if err != nil {
		t.Fatal(err)
	}
	for pc := s.FDEs[0].Start - 8; pc < loadAddr; pc += 4 {
		if n := testing.AllocsPerRun(10, func() { table.Lookup(pc) }); n != 0 {
			t.Fatalf("pc 0x%x: %v allocations", pc, n)
		}
	}
}
