// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// An analyzer interprets one function after the other, and keeps its memory.
type analyzer struct {
	// returns says whether the function at an address returns to its caller; nil: all do.
	returns func(target uint64) bool
	// inPart says whether an address is in the part of a function that is elsewhere; nil: none is.
	inPart func(addr uint64) bool
	// starts says whether a function starts at an address; nil: that isn't known.
	starts func(addr uint64) bool
	known  *Known                         // nil: nothing
	code   func(start, end uint64) []byte // of the whole program; nil: there is only the function

	patches []Patch       // those of the function
	pads    []Pad         // those of the function
	tables  map[int][]int // where computed branches lead, by their index, if a table says it

	addr   uint64
	words  []uint32
	insts  []inst
	end    int     // of the instructions; only padding follows
	leader []int32 // of each instruction: 0 if no branch leads to it, else 1 + its index in joins
	joins  []joint // those with a state, and a first one for those without
	how    []How
	dead   []bool // calls and BRKs that turned out not to return
	queue  []int32
	again  bool // a call turned out not to return after the code that follows it was interpreted
	trial  trial
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
	rows := a.settle(seeds)
	if bad := a.badReturns(); bad > 0 && a.endAtBreaks(true) {
		// Code after a BRK that doesn't return, to which only a patched branch leads, would get a wrong frame.
		if rows = a.settle(seeds); a.badReturns() >= bad {
			a.endAtBreaks(false)
			rows = a.settle(seeds)
		}
	}
	f := &Function{Addr: addr, Size: uint32(len(a.words)) * 4, Rows: rows}
	a.summarize(f)
	return f
}

// settle interprets the function, and what of it no branch leads to.
func (a *analyzer) settle(seeds []seed) []Row {
	for range maxRuns {
		a.run(seeds)
		if !a.again {
			break
		}
	}
	rows := a.rows()
	a.trial.total = maxTrial + maxTrials*len(a.insts)
	for range maxRuns {
		if !a.infer(rows) {
			break
		}
		rows = a.rows()
	}
	return rows
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

// endAtBreaks makes the BRKs from which execution went on end, or undoes that. It reports whether there are any.
func (a *analyzer) endAtBreaks(end bool) bool {
	found := false
	for i := range a.insts {
		if a.insts[i].op == opBreak && a.how[i] != Unreached && a.dead[i] != end && a.breakAt(i) == BreakUnknown {
			a.dead[i], found = end, true
		}
	}
	return found
}

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
	a.joins = a.joins[:0]
	for i := range a.insts {
		switch in := &a.insts[i]; in.op {
		case opBranch, opCond, opCall:
			if to, ok := a.target(i); ok {
				a.addLeader(to)
			} else if _, back, ok := a.veneer(i); ok {
				a.addLeader(back)
			}
		}
	}
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
		s := j.state
		a.block(int(i), &s, mark)
	}
}

// block interprets the instructions from i up to the next place that branches lead to.
func (a *analyzer) block(i int, s *state, mark How) {
	for {
		if a.how[i] == Unreached {
			a.how[i] = mark
		}
		after := a.execute(i, s, a.arrive)
		if after == stops {
			return
		}
		i++
		if i == len(a.insts) {
			return
		}
		if a.leader[i] != 0 {
			only := int32(branchedTo)
			if after == mayStop {
				only = int32(i - 1)
			}
			a.arrive(i, s, only)
			return
		}
	}
}

// next says whether execution goes on after an instruction.
type next uint8

const (
	goesOn next = iota
	mayStop
	stops
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

// breakAt says what becomes of the BRK that instruction i is.
func (a *analyzer) breakAt(i int) Break {
	if a.known == nil {
		return BreakUnknown
	}
	return a.known.Breaks[a.addr+uint64(4*i)]
}

// patchesIn returns the patches from one address up to another.
func (k *Known) patchesIn(start, end uint64) []Patch {
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

// each calls visit for every instruction that is reached, in the order of addresses, with the state before it.
func (a *analyzer) each(visit func(i int, s *state)) {
	var s state
	for i := range a.insts {
		if a.how[i] == Unreached {
			continue
		}
		if l := a.leader[i]; l != 0 {
			s = a.joins[l-1].state
		}
		visit(i, &s)
		s.step(&a.insts[i], int32(i*4))
	}
}

// rows writes down what is known, a row wherever it changes.
func (a *analyzer) rows() []Row {
	var rows []Row
	unreached := func(from, to int) {
		for from < to {
			how, end := a.fillerRun(from, to)
			rows = append(rows, Row{Start: uint32(from * 4), How: how})
			from = end
		}
	}
	next := 0
	a.each(func(i int, s *state) {
		unreached(next, i)
		next = i + 1
		var last *Row
		if len(rows) > 0 {
			last = &rows[len(rows)-1]
		}
		if last != nil && last.How == a.how[i] && s.shows(&last.State) {
			return
		}
		var previous *State
		if last != nil {
			previous = &last.State
		}
		rows = append(rows, Row{Start: uint32(i * 4), How: a.how[i], State: s.asState(previous)})
	})
	unreached(next, len(a.insts))
	return rows
}

// shows reports whether asState would give the same.
func (s *state) shows(t *State) bool {
	if s.regs[regSP] != t.SP || s.regs[regFP] != t.X29 || s.regs[regLR] != t.X30 || s.blurred != t.Blurred {
		return false
	}
	n := 0
	for _, slot := range s.slots[:s.nslots] {
		if s.shown(&slot) {
			if n == len(t.Saved) || t.Saved[n] != slot {
				return false
			}
			n++
		}
	}
	return n == len(t.Saved)
}
