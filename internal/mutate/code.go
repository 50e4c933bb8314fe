// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"encoding/binary"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/arm64"
)

// codeMutants lists what can be done to the instructions of an image that are wanted, by address.
func codeMutants(im *image.Image, wanted func(pc uint64, word uint32) bool) (all []*Mutant) {
	for _, section := range im.CodeSections() {
		for off := 0; off+4 <= len(section.Data); off += 4 {
			pc, word := section.Addr+uint64(off), binary.LittleEndian.Uint32(section.Data[off:])
			if !wanted(pc, word) {
				continue
			}
			var next uint32
			if off+8 <= len(section.Data) {
				next = binary.LittleEndian.Uint32(section.Data[off+4:])
			}
			for _, c := range changes(word, next) {
				all = append(all, &Mutant{Kind: Code, Place: im.Symbols.Name(pc), Change: c.name, pc: pc,
					alter: patch(pc, c.words)})
			}
		}
	}
	return all
}

// A change is what takes the place of an instruction, and of the one after it if there are two words.
type change struct {
	name  string
	words []uint32
}

// changes lists what can be done to an instruction: drop it, swap it with the next, let it use another register or
// offset.
func changes(word, next uint32) (list []change) {
	if word != arm64.NOP {
		list = append(list, change{"dropped", []uint32{arm64.NOP}})
	}
	if word != next && movable(word) && movable(next) {
		list = append(list, change{"swapped with the next", []uint32{next, word}})
	}
	if class := classOf(word); class != other {
		list = append(list, change{"another register", []uint32{word ^ 1}})
		list = append(list, change{"another offset", []uint32{class.nudge(word)}})
	}
	return list
}

// movable reports whether an instruction means the same one word on: it is not a branch, and refers to nothing by
// distance.
func movable(word uint32) bool {
	switch {
	case word>>16 == 0: // UDF, or data
		return false
	case word&0x1c000000 == 0x14000000: // branches, exceptions, system
		return word == arm64.NOP
	}
	return arm64.Distance(word) == 0
}

// A class is a form of instruction with an immediate offset (Arm ARM C4.1). All have a register in bits 4:0.
type class struct {
	mask, value uint32
	unit        uint32 // what is added to the word for the next offset
	field       uint32 // the bits of the offset
}

var other class

var classes = []class{
	{mask: 0x3a000000, value: 0x28000000, unit: 1 << 15, field: 0x7f << 15},   // load and store pair: imm7
	{mask: 0x3b000000, value: 0x39000000, unit: 1 << 10, field: 0xfff << 10},  // load and store: imm12, scaled
	{mask: 0x3b200000, value: 0x38000000, unit: 8 << 12, field: 0x1ff << 12},  // load and store: imm9, in bytes
	{mask: 0x1f800000, value: 0x11000000, unit: 16 << 10, field: 0xfff << 10}, // add and subtract: imm12
	{mask: 0x1f800000, value: 0x12800000, unit: 1 << 5, field: 0xffff << 5},   // move wide
}

func classOf(word uint32) class {
	i := slices.IndexFunc(classes, func(c class) bool { return word&c.mask == c.value })
	if i < 0 {
		return other
	}
	return classes[i]
}

// nudge is the word with the next offset. The largest is followed by the smallest.
func (c class) nudge(word uint32) uint32 { return word&^c.field | (word+c.unit)&c.field }

// patch returns what writes words over code before a run begins.
func patch(pc uint64, words []uint32) func(*subject) {
	return func(s *subject) {
		s.run.Config.Regions = slices.Clone(s.run.Config.Regions)
		for i := range s.run.Config.Regions {
			r := &s.run.Config.Regions[i]
			off := pc - r.Base
			if off >= uint64(len(r.Data)) {
				continue
			}
			r.Data = slices.Clone(r.Data)
			for j, w := range words {
				binary.LittleEndian.PutUint32(r.Data[off+4*uint64(j):], w)
			}
		}
	}
}

// framing reports whether an instruction has to do with the frame: it names SP, X29 or X30 as an operand of a load, a
// store, an addition or a move, or it returns, or signs or checks a return address.
func framing(word uint32) bool {
	if word == arm64.RET || word == arm64.RETAA || word == arm64.ERET || word == arm64.PACIASP ||
		word == arm64.AUTIASP {
		return true
	}
	isFrame := func(r uint32) bool { return r >= 29 }
	rd, rn, rt2 := word&31, word>>5&31, word>>10&31
	switch c := classOf(word); c {
	case classes[0]:
		return isFrame(rd) || isFrame(rn) || isFrame(rt2)
	case classes[1], classes[2], classes[3]:
		return isFrame(rd) || isFrame(rn)
	}
	return word&0xffe0ffe0 == 0xaa0003e0 && isFrame(rd|word>>16&31) // MOV between registers
}
