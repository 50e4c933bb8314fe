// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// veneer follows a branch to where a linker has put the instruction that was in its place (the workarounds for the
// errata 835769 and 843419 of Cortex-A53). The veneer is not a function: it is that instruction, and a branch to the
// instruction after the first.
//
//	function:            elsewhere:
//	  adrp x6, page        ldr x7, [x6, #2008]
//	  b    elsewhere       b   back
//	back:
func (a *analyzer) veneer(i int) (moved inst, back int, ok bool) {
	if in := &a.insts[i]; in.op != opBranch || a.code == nil {
		return inst{}, 0, false
	}
	at := a.destination(i)
	if at-a.addr < uint64(4*len(a.insts)) || a.starts != nil && a.starts(at) {
		return inst{}, 0, false
	}
	code := a.code(at, at+8)
	if len(code) < 8 || i+1 == len(a.insts) {
		return inst{}, 0, false
	}
	moved = decode(binary.LittleEndian.Uint32(code))
	then := decode(binary.LittleEndian.Uint32(code[4:]))
	if moved.op != opLoad && moved.op != opStore && moved.op != opOther || then.op != opBranch {
		return inst{}, 0, false
	}
	returnsTo := at + 4 + uint64(int64(then.imm))
	return moved, i + 1, returnsTo == a.addr+uint64(4*(i+1))
}

// loadPads finds the landing pads of the function's calls; end is where the function ends.
func (a *analyzer) loadPads(end uint64) {
	a.pads = a.known.padsIn(a.addr, end)
	for i := range a.pads {
		if to, ok := a.padIn(&a.pads[i]); ok {
			a.addLeader(to)
		}
	}
}

// padsIn returns the landing pads of the calls from one address up to another.
func (k *Facts) padsIn(start, end uint64) []Pad {
	if k == nil {
		return nil
	}
	compare := func(p Pad, addr uint64) int { return cmp.Compare(p.From, addr) }
	first, _ := slices.BinarySearchFunc(k.Pads, start, compare)
	last, _ := slices.BinarySearchFunc(k.Pads, end, compare)
	return k.Pads[first:last]
}

// padIn is the index of the instruction at which a landing pad begins, if it is in the function.
func (a *analyzer) padIn(p *Pad) (int, bool) {
	to := p.At - a.addr
	return int(to / 4), to/4 < uint64(len(a.insts)) && to%4 == 0
}

// land hands on the state after a call, instruction i, to where exceptions go on that leave it: whoever unwinds
// restores SP and what a called function preserves.
func (a *analyzer) land(i int, s *state, arrive func(to int, s *state, after int32)) {
	for p := range a.padsAt(i) {
		if to, ok := a.padIn(p); ok {
			arrive(to, s, branchedTo)
		}
	}
}

// padsElsewhere are the landing pads of call i that aren't in the function, with the state in which they are entered; s
// is that before the call.
func (a *analyzer) padsElsewhere(i int, s *state) (exits []Exit) {
	for p := range a.padsAt(i) {
		if _, inside := a.padIn(p); inside {
			continue
		}
		after := *s
		after.step(&a.insts[i], int32(i*4))
		exits = append(exits, Exit{At: uint32(i * 4), Kind: Jump, Target: p.At, State: after.asState(nil)})
	}
	return exits
}

func (a *analyzer) padsAt(i int) func(yield func(*Pad) bool) {
	return func(yield func(*Pad) bool) {
		addr := a.addr + uint64(4*i)
		for k := range a.pads {
			if p := &a.pads[k]; p.From <= addr && addr < p.To && !yield(p) {
				return
			}
		}
	}
}
