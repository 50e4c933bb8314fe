// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"
	"slices"

	"stacksweep/internal/parallel"
)

// guessReturns guesses which functions don't return, so that few have to be interpreted again once that is known: those
// that were interpreted before and didn't, and those of which no path leads out, as far as their branches tell. Paths
// that aren't there do no harm here: who is wrongly taken to return is found out by being interpreted.
func (p *program) guessReturns() {
	candidates := make([]int, 0, len(p.ranges))
	for i := range p.ranges {
		switch f := p.of.recall(&p.ranges[i]); {
		case p.ranges[i].Part:
		case f != nil:
			p.noReturn[i] = f.NoReturn
		default:
			candidates = append(candidates, i)
		}
	}
	passed := make([][]uint64, len(p.ranges))
	for len(candidates) > 0 {
		leaves := make([]bool, len(candidates))
		parallel.Each(p.of.jobs, len(candidates), batch, func() func(int) {
			s := scout{p: p}
			return func(k int) { leaves[k], passed[candidates[k]] = s.leaves(&p.ranges[candidates[k]]) }
		})
		news := map[uint64]bool{}
		for k, i := range candidates {
			if p.noReturn[i] = !leaves[k]; !leaves[k] {
				news[p.ranges[i].Start], passed[i] = true, nil
			}
		}
		candidates = candidates[:0]
		for i := range passed {
			if slices.ContainsFunc(passed[i], func(to uint64) bool { return news[to] }) {
				candidates = append(candidates, i)
			}
		}
	}
}

// A scout looks for a way out of a function.
type scout struct {
	p     *program
	code  []byte
	start uint64
	end   int    // of the instructions; only padding follows
	seen  []bool // instructions
	open  []int  // where branches lead that are still to be followed

	passed []uint64 // functions that are taken to return; those of all functions, one after the other
}

// leaves reports whether a path leads out of a function, and which others are taken to return on the way.
func (s *scout) leaves(r *Range) (leaves bool, passed []uint64) {
	before := len(s.passed)
	leaves = s.search(r)
	return leaves, s.passed[before:len(s.passed):len(s.passed)]
}

func (s *scout) search(r *Range) bool {
	s.code, s.start = s.p.of.code(r.Start, r.End), r.Start
	n := len(s.code) / 4
	s.seen, s.open, s.end = resize(s.seen, n), s.open[:0], n
	clear(s.seen)
	for s.end > 0 && padding(s.word(s.end-1)) {
		s.end--
	}
	s.goTo(r.Start)
	for _, e := range r.Entries {
		s.goTo(e)
	}
	patches := s.p.of.known.patchesIn(r.Start, r.Start+uint64(4*n))
	for i := range patches {
		s.goTo(patches[i].Target)
	}
	for _, pad := range s.p.of.known.padsIn(r.Start, r.Start+uint64(4*n)) {
		s.goTo(pad.At)
	}
	for len(s.open) > 0 {
		i := s.open[len(s.open)-1]
		s.open = s.open[:len(s.open)-1]
		for goes := true; goes && !s.seen[i]; i++ {
			s.seen[i] = true
			var out bool
			if word := s.word(i); mayBranch(word) || len(patches) > 0 {
				out, goes = s.step(i, word, len(patches) > 0)
			}
			if out || goes && i == n-1 {
				return true
			}
		}
	}
	return false
}

// mayBranch reports whether execution may go on elsewhere than after an instruction, or not at all.
func mayBranch(word uint32) bool {
	switch word >> 25 & 0xf {
	case 0x2, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xc, 0xd, 0xe, 0xf: // see decode
		return false
	}
	return true
}

// step looks at instruction i, and reports whether it leads out and whether execution goes on after it.
func (s *scout) step(i int, word uint32, isPatched bool) (out, goesOn bool) {
	in, addr := decode(word), s.start+uint64(4*i)
	to := addr + uint64(int64(in.imm))
	switch in.op {
	case opCall:
		if to == addr+4 {
			return false, true
		}
		if inside := s.goTo(to); !inside && !s.returns(to) {
			return false, s.falls(addr, isPatched)
		}
		return false, i+1 < s.end
	case opCallReg:
		return false, i+1 < s.end
	case opBreak:
		ends := s.p.of.known != nil && s.p.of.known.Breaks[addr] == BreakEnds
		return false, i+1 < s.end && !ends || s.falls(addr, isPatched)
	case opBranch, opCond:
		if inside := s.goTo(to); !inside && s.returns(to) {
			return true, false
		}
		return false, in.op == opCond || s.falls(addr, isPatched)
	case opReturn, opReturnPAC, opEret, opJumpReg:
		return true, false
	}
	return false, !in.ends() || s.falls(addr, isPatched)
}

// returns reports whether a function is taken to return, and takes note of it.
func (s *scout) returns(at uint64) bool {
	returns := s.p.returns(at)
	if returns {
		s.passed = append(s.passed, at)
	}
	return returns
}

// falls reports whether a replacement of the instruction at an address may go on after it.
func (s *scout) falls(addr uint64, isPatched bool) bool {
	return isPatched && slices.ContainsFunc(s.p.of.known.patchesIn(addr, addr+4), func(p Patch) bool { return p.Falls })
}

func (s *scout) word(i int) uint32 { return binary.LittleEndian.Uint32(s.code[4*i:]) }

// goTo notes a place to be followed, if it is in the function.
func (s *scout) goTo(addr uint64) bool {
	i := (addr - s.start) / 4
	if i >= uint64(len(s.seen)) {
		return false
	}
	s.open = append(s.open, int(i))
	return true
}
