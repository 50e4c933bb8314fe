// SPDX-License-Identifier: GPL-2.0-only

// Package cover says which instructions of an image a sweep has executed, function by function.
package cover

import (
	"encoding/binary"
	"maps"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
)

// Coverage collects which instructions of an image were executed: an instruction that no run reaches has not been
// swept. It may be used by one goroutine at a time.
type Coverage struct {
	image   *image.Image
	visited emu.Visited
}

// Of returns the coverage of an image by what was executed of it.
func Of(im *image.Image, v *emu.Visited) *Coverage {
	c := New(im)
	c.Merge(v)
	return c
}

// New returns a Coverage of no instruction at all.
func New(im *image.Image) *Coverage { return &Coverage{image: im} }

// Image returns the image whose instructions are counted.
func (c *Coverage) Image() *image.Image { return c.image }

// Add marks the instructions at the given addresses, such as an emu.Chunk's PC, as executed.
func (c *Coverage) Add(pcs []uint64) { c.visited.Add(pcs) }

// Merge marks what runs of the image have executed.
func (c *Coverage) Merge(v *emu.Visited) { c.visited.Merge(v) }

// Executed reports whether the instruction at an address was executed.
func (c *Coverage) Executed(pc uint64) bool { return c.visited.Has(pc) }

// A Function says how much of a function was executed.
type Function struct {
	Symbol image.Symbol
	// Instructions is how many the function has. Not counted are words that were never executed and are a literal,
	// which an LDR of the function loads relative to its PC, or padding, that is NOPs and zeros after an instruction
	// that control doesn't pass, or after a literal. Tables that are reached in other ways count as instructions.
	Instructions int
	Missed       []uint64 // offsets in bytes of instructions that were never executed, ascending
}

// Functions returns the functions of which at least one instruction was executed, by address.
func (c *Coverage) Functions() []Function {
	touched := map[uint64]image.Symbol{}
	for pc := range c.visited.All() {
		if s, ok := c.image.Symbols.At(pc); ok {
			touched[s.Addr] = s
		}
	}
	var all []Function
	for _, addr := range slices.Sorted(maps.Keys(touched)) {
		all = append(all, c.function(touched[addr]))
	}
	return all
}

func (c *Coverage) function(s image.Symbol) Function {
	code, _ := c.image.Bytes(s.Addr, s.Size)
	f := Function{Symbol: s}
	f.Instructions, f.Missed = instructions(code, func(off uint64) bool { return c.Executed(s.Addr + off) })
	return f
}

// instructions counts a function's instructions, and lists the offsets of those that were not executed.
func instructions(code []byte, executed func(off uint64) bool) (n int, missed []uint64) {
	literals := literalWords(code)
	gap := false // whether padding may follow
	for off := uint64(0); off+4 <= uint64(len(code)); off += 4 {
		word := binary.LittleEndian.Uint32(code[off:])
		switch done := executed(off); {
		case !done && literals[off]:
			gap = true
			continue
		case !done && gap && (word == arm64.NOP || word == 0):
			continue
		case !done:
			missed = append(missed, off)
		}
		n++
		gap = !arm64.FallsThrough(word)
	}
	return n, missed
}

// literalWords finds the offsets of the words that LDR (literal) and LDRSW (literal) in the code load (Arm ARM, C4.1,
// "Load register (literal)").
func literalWords(code []byte) map[uint64]bool {
	found := map[uint64]bool{}
	for off := uint64(0); off+4 <= uint64(len(code)); off += 4 {
		word := binary.LittleEndian.Uint32(code[off:])
		if !arm64.IsLiteral(word) {
			continue
		}
		opc, simd := word>>30, word>>26&1 != 0
		size := uint64(4)
		switch {
		case simd:
			size = 4 << opc
		case opc == 1:
			size = 8
		case opc == 3: // PRFM
			continue
		}
		distance := int64(int32(word<<8)) >> 13 << 2 // imm19, in words
		for i := uint64(0); i < size; i += 4 {
			found[off+uint64(distance)+i] = true
		}
	}
	return found
}
