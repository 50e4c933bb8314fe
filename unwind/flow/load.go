// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"
	"slices"
)

// load decodes the code.
func (a *analyzer) load(code []byte, addr uint64) {
	n := len(code) / 4
	a.addr = addr
	a.words, a.insts = resize(a.words, n), resize(a.insts, n)
	a.leader, a.how, a.dead = resize(a.leader, n), resize(a.how, n), resize(a.dead, n)
	clear(a.leader)
	clear(a.dead)
	for i := range n {
		a.words[i] = binary.LittleEndian.Uint32(code[4*i:])
		a.insts[i] = decode(a.words[i])
	}
	a.end = n
	for a.end > 0 && padding(a.words[a.end-1]) {
		a.end--
	}
	a.joins, a.outside = a.joins[:0], a.outside[:0]
	for i := range a.insts {
		switch in := &a.insts[i]; in.op {
		case opBranch, opCond, opCall:
			if to, ok := a.target(i); ok {
				a.addLeader(to)
				continue
			}
			a.outside = append(a.outside, a.destination(i))
			if _, back, ok := a.veneer(i); ok {
				a.addLeader(back)
			}
		}
	}
	slices.Sort(a.outside)
	a.outside = slices.Compact(a.outside)
	a.markGrowth()
	a.loadTables()
	a.loadPads(addr + uint64(4*n))
	a.patches = a.known.patchesIn(addr, addr+uint64(4*n))
	for _, p := range a.patches {
		if to := p.Target - addr; p.Target != 0 && to/4 < uint64(n) {
			a.addLeader(int(to / 4))
		}
	}
}

// resize returns a slice of length n, with the memory of s if that is enough; its contents are arbitrary.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

func (a *analyzer) addLeader(i int) *joint {
	if a.leader[i] == 0 {
		if len(a.joins) < cap(a.joins) {
			a.joins = a.joins[:len(a.joins)+1]
		} else {
			a.joins = append(a.joins, joint{})
		}
		a.joins[len(a.joins)-1].reset(i)
		a.leader[i] = int32(len(a.joins))
	}
	return &a.joins[a.leader[i]-1]
}

// reset leaves the state alone: it is large, and only looked at when set.
func (j *joint) reset(at int) { j.at, j.queued, j.set, j.after = int32(at), false, false, branchedTo }

// target is the index of the instruction that a direct branch leads to, if it is in the function.
func (a *analyzer) target(i int) (int, bool) {
	to := i + int(a.insts[i].imm)/4
	return to, to >= 0 && to < len(a.insts)
}

// destination is the address that a direct branch leads to.
func (a *analyzer) destination(i int) uint64 {
	return a.addr + uint64(int64(i*4)+int64(a.insts[i].imm))
}
