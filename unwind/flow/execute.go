// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"cmp"
	"slices"
)

// execute interprets instruction i, which turns s into the state after it, and hands on the states in which other
// places of the function are reached.
func (a *analyzer) execute(i int, s *state, arrive func(to int, s *state, after int32)) next {
	if len(a.patches) > 0 && a.patched(i, s, arrive) {
		a.executeAs(i, s, arrive)
		return goesOn
	}
	return a.executeAs(i, s, arrive)
}

// executeAs is execute without regard to patches.
func (a *analyzer) executeAs(i int, s *state, arrive func(to int, s *state, after int32)) next {
	in, at := &a.insts[i], int32(i*4)
	s.step(in, at)
	switch in.op {
	case opBranch, opCond:
		if to, ok := a.target(i); ok {
			arrive(to, s, branchedTo)
		} else if moved, back, ok := a.veneer(i); ok {
			s.step(&moved, at)
			arrive(back, s, branchedTo)
		}
		if in.op == opBranch {
			return stops
		}
	case opJumpReg:
		for _, to := range a.tables[i] {
			arrive(to, s, branchedTo)
		}
		return stops
	case opCall:
		a.land(i, s, arrive)
		to, ok := a.target(i)
		switch {
		case ok && to == i+1: // not a call: it is how position independent code learns where it is
			return goesOn
		case ok && to == i: // the symbol that it calls isn't known, so that the word is as in the object
		case ok: // a routine inside the function, or the function itself
			entry := onEntry()
			arrive(to, &entry, calledHere)
		case a.returns != nil && !a.returns(a.destination(i)):
			return stops
		}
		return a.maybe(i)
	case opCallReg:
		a.land(i, s, arrive)
		return a.maybe(i)
	case opBreak:
		switch a.breakAt(i) {
		case BreakEnds:
			return stops
		case BreakUnknown:
			return a.maybe(i)
		}
	default:
		if in.ends() {
			return stops
		}
	}
	return goesOn
}

// breakAt says what happens to the BRK that instruction i is.
func (a *analyzer) breakAt(i int) Break {
	if a.known == nil {
		return BreakUnknown
	}
	return a.known.Breaks[a.addr+uint64(4*i)]
}

// patchesIn returns the patches from one address up to another.
func (k *Facts) patchesIn(start, end uint64) []Patch {
	if k == nil {
		return nil
	}
	first, _ := slices.BinarySearchFunc(k.Patches, start, comparePatch)
	last, _ := slices.BinarySearchFunc(k.Patches, end, comparePatch)
	return k.Patches[first:last]
}

func comparePatch(p Patch, addr uint64) int { return cmp.Compare(p.Addr, addr) }

// patched hands on the state where replacements of instruction i branch to. It reports whether execution goes on after
// one.
func (a *analyzer) patched(i int, s *state, arrive func(to int, s *state, after int32)) (falls bool) {
	addr := a.addr + uint64(4*i)
	first, _ := slices.BinarySearchFunc(a.patches, addr, comparePatch)
	for _, p := range a.patches[first:] {
		if p.Addr != addr {
			break
		}
		falls = falls || p.Falls
		if to := p.Target - a.addr; p.Target != 0 && to/4 < uint64(len(a.insts)) {
			arrive(int(to/4), s, branchedTo)
		}
	}
	return falls
}

// maybe says whether a call or BRK returns: not if it turned out not to, or if nothing follows it.
func (a *analyzer) maybe(i int) next {
	if a.dead[i] || i+1 >= a.end {
		return stops
	}
	return mayStop
}

// Ways to reach an instruction other than by returning from a call.
const (
	branchedTo = -1
	calledHere = -2
)

// arrive tells that instruction to is reached in a state; after is the index of the call right before it, if it is by
// returning from that call, else branchedTo or calledHere.
func (a *analyzer) arrive(to int, s *state, after int32) {
	j := &a.joins[a.leader[to]-1]
	switch {
	case !j.set:
		j.set, j.state, j.after = true, *s, after
	case j.state.fits(s):
		if after < 0 {
			j.after = branchedTo
		}
		if !j.state.join(s, int32(to)*4) {
			return
		}
	case after >= 0 && after != j.after:
		a.dead[after] = true // so it doesn't come here
		return
	case j.after >= 0 && after != j.after:
		a.dead[j.after], a.again = true, true
		j.state, j.after = *s, branchedTo
	default:
		if !j.state.join(s, int32(to)*4) {
			return
		}
	}
	if !j.queued {
		j.queued = true
		a.queue = append(a.queue, int32(to))
	}
}
