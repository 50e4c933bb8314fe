// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"slices"

	"stacksweep/internal/arm64"
)

// An analyzer interprets one function after the other, and keeps its memory.
type analyzer struct {
	// returns says whether the function at an address returns to its caller; nil: all do.
	returns func(target uint64) bool
	// inPart says whether an address is in the part of a function that is elsewhere; nil: none is.
	inPart func(addr uint64) bool
	// starts says whether a function starts at an address; nil: that isn't known.
	starts func(addr uint64) bool
	known  *Facts                         // nil: nothing
	code   func(start, end uint64) []byte // of the whole program; nil: there is only the function

	patches []Patch       // those of the function
	pads    []Pad         // those of the function
	tables  map[int][]int // where computed branches lead, by their index, if a table says it

	addr    uint64
	words   []uint32
	insts   []inst
	end     int     // of the instructions; only padding follows
	leader  []int32 // of each instruction: 0 if no branch leads to it, else 1 + its index in joins
	joins   []joint // those with a state, and a first one for those without
	how     []How
	dead    []bool   // calls and BRKs that turned out not to return
	outside []uint64 // where direct branches and calls lead that leave the function, sorted
	queue   []int32
	again   bool // a call turned out not to return after the code that follows it was interpreted
	trial   trial

	now  state // that of the instruction that is being interpreted, or visited
	rows []Row // those written down last
}

// A joint is an instruction that branches lead to, and what is known there.
type joint struct {
	at     int32
	queued bool
	set    bool
	after  int32 // the only way here is a return from this call, an index; else branchedTo
	state  state
}

// A seed is a place where a function is entered from outside.
type seed struct {
	at    uint64 // bytes from the start
	state state
}

// maxRuns bounds how often a function is interpreted anew because calls turned out not to return.
const maxRuns = 8

func (a *analyzer) analyze(code []byte, addr uint64, seeds []seed) *Function {
	a.load(code, addr)
	a.settle(seeds)
	if a.passesBreaks() {
		if bad := a.badReturns(); bad > 0 {
			// Code after a BRK that doesn't return, to which only a patched branch leads, would get a wrong frame.
			a.endAtBreaks(true)
			if a.settle(seeds); a.badReturns() >= bad {
				a.endAtBreaks(false)
				a.settle(seeds)
			}
		}
	}
	f := &Function{Addr: addr, Size: uint32(len(a.words)) * 4}
	a.summarize(f)
	f.Rows = slices.Clone(a.rows)
	return f
}

// settle interprets the function, and what of it no branch leads to.
func (a *analyzer) settle(seeds []seed) {
	for range maxRuns {
		a.run(seeds)
		if !a.again {
			break
		}
	}
	a.trial.total = maxTrial + maxTrials*len(a.insts)
	for range maxRuns {
		if !a.anyUnreached() {
			return
		}
		rows := a.newRows()
		a.each(rows.add)
		rows.end()
		if !a.infer(a.rows) {
			return
		}
	}
}

// badReturns counts the returns in another state than on entry.
func (a *analyzer) badReturns() int {
	n := 0
	a.each(func(i int, s *state) {
		if in := &a.insts[i]; (in.op == opReturn || in.op == opReturnPAC) && !a.returnsRight(in, s) {
			n++
		}
	})
	return n
}

// passesBreaks reports whether there are BRKs from which execution went on, and nothing says that it does.
func (a *analyzer) passesBreaks() bool {
	for i := range a.insts {
		if !a.dead[i] && a.isOpenBreak(i) {
			return true
		}
	}
	return false
}

// isOpenBreak reports whether instruction i is a BRK that is reached, and of which it isn't known what happens at it.
func (a *analyzer) isOpenBreak(i int) bool {
	return a.insts[i].op == opBreak && a.how[i] != Unreached && a.breakAt(i) == BreakUnknown
}

// endAtBreaks makes the BRKs from which execution went on end, or undoes that.
func (a *analyzer) endAtBreaks(end bool) {
	for i := range a.insts {
		if a.isOpenBreak(i) {
			a.dead[i] = end
		}
	}
}

// run interprets the function from its seeds until nothing changes any more.
func (a *analyzer) run(seeds []seed) {
	a.again = false
	a.queue = a.queue[:0]
	clear(a.how)
	for i := range a.joins {
		a.joins[i].reset(int(a.joins[i].at))
	}
	for i := range seeds {
		if at := seeds[i].at / 4; at < uint64(len(a.insts)) {
			a.addLeader(int(at))
			a.arrive(int(at), &seeds[i].state, calledHere)
		}
	}
	a.drain(Reached)
}

// drain interprets what is queued; instructions not seen before are marked.
func (a *analyzer) drain(mark How) {
	for len(a.queue) > 0 {
		i := a.queue[len(a.queue)-1]
		a.queue = a.queue[:len(a.queue)-1]
		j := &a.joins[a.leader[i]-1]
		j.queued = false
		a.now = j.state
		a.block(int(i), &a.now, mark)
	}
}

// block interprets the instructions from i up to the next place that branches lead to.
func (a *analyzer) block(i int, s *state, mark How) {
	after := int32(branchedTo) // the call that returned last, if but NOPs follow it
	for {
		if a.how[i] == Unreached {
			a.how[i] = mark
		}
		next := a.execute(i, s, a.arrive)
		if next == stops {
			return
		}
		after = a.returned(i, next, after)
		i++
		if i == len(a.insts) {
			return
		}
		if a.leader[i] != 0 {
			a.arrive(i, s, after)
			return
		}
	}
}

// returned keeps track of the last call that execution has returned from, an index, or branchedTo once it has done more
// than to skip NOPs: Go puts one after a call that doesn't return.
func (a *analyzer) returned(i int, next next, last int32) int32 {
	switch {
	case next == mayStop:
		return int32(i)
	case a.words[i] == arm64.NOP:
		return last
	}
	return branchedTo
}

// next says whether execution goes on after an instruction.
type next uint8

const (
	goesOn next = iota
	mayStop
	stops
)

// each calls visit for every instruction that is reached, in the order of addresses, with the state before it.
func (a *analyzer) each(visit func(i int, s *state)) {
	s := &a.now
	*s = state{}
	for i := range a.insts {
		if a.how[i] == Unreached {
			continue
		}
		if l := a.leader[i]; l != 0 {
			*s = a.joins[l-1].state
		}
		visit(i, s)
		s.step(&a.insts[i], int32(i*4))
	}
}
