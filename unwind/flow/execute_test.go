// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"stacksweep/internal/disasm"
)

// This file holds what Analyze claims against an execution: random functions of the instructions that make and take
// down frames are run by a small interpreter that knows nothing of package flow, with an interrupt before every
// instruction that overwrites the memory below SP.

// An operation is an instruction of a random function: how it is encoded, and what it does.
type operation struct {
	word uint32
	run  func(m *machine)
}

// A machine is what the instructions act on. Memory is a map of 8-byte words.
type machine struct {
	x      [32]uint64 // 31 is SP
	memory map[uint64]uint64
	pc     int // index of the instruction
	noise  uint64
}

const (
	stackAt  = 0x100000
	callerFP = 0xf00d0000
	callerRA = 0xcafe0000
	signBit  = 1 << 54
)

func (m *machine) fresh() uint64 {
	m.noise += 0x1_0000_0010
	return m.noise
}

// interrupt overwrites the memory below SP.
func (m *machine) interrupt() {
	for addr := range m.memory {
		if addr < m.x[31] {
			m.memory[addr] = m.fresh()
		}
	}
}

func (m *machine) load(addr uint64) uint64 {
	if _, ok := m.memory[addr]; !ok {
		m.memory[addr] = m.fresh()
	}
	return m.memory[addr]
}

// generate draws an instruction; length and at are the function's and the instruction's place, for branches.
func generate(t *rapid.T, at, length int) operation {
	slots := rapid.Int64Range(0, 6)
	reg := rapid.SampledFrom([]uint32{9, 19, 29, 30})
	imm := uint32(slots.Draw(t, "imm")) * 16
	switch rapid.IntRange(0, 15).Draw(t, "op") {
	case 0: // sub sp, sp, #imm
		return operation{0xd10003ff | imm<<10, func(m *machine) { m.x[31] -= uint64(imm) }}
	case 1: // add sp, sp, #imm
		return operation{0x910003ff | imm<<10, func(m *machine) { m.x[31] += uint64(imm) }}
	case 2: // stp x29, x30, [sp, #-imm]!
		return operation{0xa9800000 | (-imm/8&0x7f)<<15 | 30<<10 | 31<<5 | 29, func(m *machine) {
			m.x[31] -= uint64(imm)
			m.memory[m.x[31]], m.memory[m.x[31]+8] = m.x[29], m.x[30]
		}}
	case 3: // ldp x29, x30, [sp], #imm
		return operation{0xa8c00000 | (imm/8)<<15 | 30<<10 | 31<<5 | 29, func(m *machine) {
			m.x[29], m.x[30] = m.load(m.x[31]), m.load(m.x[31]+8)
			m.x[31] += uint64(imm)
		}}
	case 4: // str xr, [sp, #imm]
		r := reg.Draw(t, "reg")
		return operation{0xf9000000 | imm/8<<10 | 31<<5 | r, func(m *machine) {
			m.memory[m.x[31]+uint64(imm)] = m.x[r]
		}}
	case 5: // ldr xr, [sp, #imm]
		r := reg.Draw(t, "reg")
		return operation{0xf9400000 | imm/8<<10 | 31<<5 | r, func(m *machine) {
			m.x[r] = m.load(m.x[31] + uint64(imm))
		}}
	case 6: // stp x29, x30, [sp, #imm]
		return operation{0xa9000000 | (imm/8)<<15 | 30<<10 | 31<<5 | 29, func(m *machine) {
			m.memory[m.x[31]+uint64(imm)], m.memory[m.x[31]+uint64(imm)+8] = m.x[29], m.x[30]
		}}
	case 7: // add x29, sp, #imm
		return operation{0x91000000 | imm<<10 | 31<<5 | 29, func(m *machine) { m.x[29] = m.x[31] + uint64(imm) }}
	case 8: // mov sp, x29
		return operation{0x910003bf, func(m *machine) { m.x[31] = m.x[29] }}
	case 9: // mov xd, xm
		d, from := reg.Draw(t, "to"), reg.Draw(t, "from")
		return operation{0xaa0003e0 | from<<16 | d, func(m *machine) { m.x[d] = m.x[from] }}
	case 10: // bl, to another function
		return operation{0x94000000 | uint32(length+16), func(m *machine) {
			for r := range 19 {
				m.x[r] = m.fresh()
			}
			m.x[30] = m.fresh()
		}}
	case 11: // sub sp, sp, x9
		return operation{0xcb2963ff, func(m *machine) { m.x[31] = (m.x[31] - m.x[9]) &^ 7 }}
	case 12: // mov x9, #imm
		return operation{0xd2800009 | imm<<5, func(m *machine) { m.x[9] = uint64(imm) }}
	case 13: // paciasp: a signature is made of SP
		return operation{0xd503233f, func(m *machine) { m.x[30] ^= signBit | m.x[31]<<32 }}
	case 14: // autiasp
		return operation{0xd50323bf, func(m *machine) { m.x[30] ^= signBit | m.x[31]<<32 }}
	default: // cbz x0, forwards or backwards
		to := rapid.IntRange(0, length-1).Draw(t, "target")
		return operation{0xb4000000 | uint32(to-at)&0x7ffff<<5, func(m *machine) {
			if m.x[0]>>4&1 == 0 {
				m.pc = to - 1
			}
			m.x[0] = m.fresh() * 0x9e3779b97f4a7c15 >> 20
		}}
	}
}

// holds reports whether a value is what a claim says, as far as the claim says something.
func (m *machine) holds(claim Value, actual uint64) bool {
	switch claim.Kind {
	case CFA:
		return actual == stackAt+uint64(int64(claim.Offset))
	case CallerFP:
		return actual == callerFP
	case CallerRA:
		return actual == callerRA
	case SignedRA:
		return actual == callerRA^(signBit|(stackAt+uint64(int64(claim.Offset)))<<32)
	case Const:
		return actual == uint64(int64(claim.Offset))
	}
	return true
}

// keepsAssumptions reports whether an SP that can't be followed stays below what is saved, and isn't used to overwrite
// it.
func (m *machine) keepsAssumptions(row *Row, word uint32) bool {
	stores := word>>22 == 0xf9000000>>22 || word>>23 == 0xa9800000>>23 || word>>22 == 0xa9000000>>22
	return !stores && !slices.ContainsFunc(row.Saved, func(s Slot) bool {
		return stackAt+uint64(int64(s.Offset)) < m.x[31]
	})
}

func TestExecution(t *testing.T) {
	var claims, steps int
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(4, 40).Draw(t, "length")
		var code []byte
		program := make([]operation, length)
		for i := range program {
			program[i] = generate(t, i, length)
			code = binary.LittleEndian.AppendUint32(code, program[i].word)
		}
		var a analyzer
		f := a.analyze(code, 0, seedsAt(0, nil))
		if slices.Contains(a.dead, true) {
			return // a call was taken for one that doesn't return, which it does here
		}
		path := "" // for a failure
		m := &machine{memory: map[uint64]uint64{}}
		for r := range m.x {
			m.x[r] = m.fresh()
		}
		m.x[29], m.x[30], m.x[31] = callerFP, callerRA, stackAt
		for range 200 {
			if m.pc < 0 || m.pc >= length {
				break
			}
			m.interrupt()
			row := f.Row(uint32(m.pc * 4))
			path += fmt.Sprintf("%4d  %-40s  %s\n", m.pc, disasm.Text(program[m.pc].word, uint64(m.pc*4), nil),
				shorthand(row))
			if row.SP.Kind != CFA && !m.keepsAssumptions(row, program[m.pc].word) {
				break
			}
			if row.How == Reached {
				steps++
				check := func(what string, claim Value, actual uint64) {
					if claim.Kind != Unknown {
						claims++
					}
					if !m.holds(claim, actual) {
						t.Fatalf("before instruction %d: %s is %#x, claimed to be %v; executed so far:\n%s", m.pc, what,
							actual, claim, path)
					}
				}
				check("SP", row.SP, m.x[31])
				check("X29", row.X29, m.x[29])
				check("X30", row.X30, m.x[30])
				for _, s := range row.Saved {
					check("a saved word", s.Value, m.load(stackAt+uint64(int64(s.Offset))))
				}
			}
			program[m.pc].run(m)
			m.pc++
		}
	})
	t.Logf("%d claims at %d steps", claims, steps)
}
