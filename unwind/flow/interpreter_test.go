// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// randomProgram makes a program of small functions that call each other, jump into each other and hang.
func randomProgram(r *rand.Rand) (code []byte, ranges []Range, known *Facts) {
	const functions = 40
	const trap = 0xd4210000 // brk #0x800
	known = &Facts{Breaks: map[uint64]Break{}}
	for range functions {
		start := uint64(len(code))
		for range 2 + r.IntN(12) {
			here := uint64(len(code))
			anywhere := int32(r.IntN(functions*16)) - int32(here)/4
			word := uint32(inc)
			switch r.IntN(16) {
			case 0, 1:
				word = push
			case 2:
				word = fp
			case 3, 4:
				word = pop
			case 5, 6, 7:
				word = bl(anywhere)
			case 8:
				word = b(anywhere)
			case 9, 10:
				word = 0xb4000000 | uint32(r.IntN(16)-8)&0x7ffff<<5 // cbz x0
			case 11, 12:
				word = ret
			case 13:
				word = trap
				known.Breaks[here] = Break(r.IntN(3))
			case 14:
				known.Patches = append(known.Patches, Patch{Addr: here, Target: here + uint64(r.IntN(32)), Falls: true})
			}
			code = binary.LittleEndian.AppendUint32(code, word)
		}
		ranges = append(ranges, Range{Start: start, End: uint64(len(code)), Part: r.IntN(6) == 0})
	}
	return code, ranges, known
}

// otherRanges is what another table might say of the same program.
func otherRanges(r *rand.Rand, ranges []Range) (list []Range) {
	for _, f := range ranges {
		switch r.IntN(8) {
		case 0:
			continue
		case 1:
			f.Part = !f.Part
		case 2:
			f.End -= 4
		case 3:
			f.Entries = []uint64{f.Start + 4}
		}
		list = append(list, f)
	}
	return list
}

// However many goroutines interpret a program, whatever an interpreter remembers of another one, and whether it guesses
// first which functions return, the same comes out.
func TestInterpreter(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		code, ranges, known := randomProgram(r)
		read := func(start, end uint64) []byte {
			n := uint64(len(code))
			return code[min(n, start):min(n, end)]
		}
		in := NewInterpreter(read, known, 4)
		for range 3 {
			want := unguessed(NewInterpreter(read, known, 1), ranges)
			for _, got := range [][]*Function{in.Program(ranges), Program(ranges, read, known)} {
				if diff := difference(want, got); diff != "" {
					t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
				}
			}
			ranges = otherRanges(r, ranges)
		}
	}
}

// unguessed interprets a program in which all functions are taken to return as long as nothing is known of them.
func unguessed(in *Interpreter, ranges []Range) []*Function {
	p := newProgram(in, ranges)
	list := make([]int, len(ranges))
	for i := range list {
		list[i] = i
	}
	p.interpret(list)
	p.settleReturns()
	p.settleParts()
	return p.functions
}

func difference(want, got []*Function) string {
	for _, f := range slices.Concat(want, got) {
		if len(f.Rows) == 0 {
			f.Rows = nil
		}
	}
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, cmp.AllowUnexported(Function{}, answer{}))
}
