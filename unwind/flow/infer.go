// SPDX-License-Identifier: GPL-2.0-only

package flow

// A trial interprets code that nothing leads to with an assumed frame, apart from what is known of the function.
type trial struct {
	at     map[int]int // index in states of the state at an instruction
	states []state
	queue  []int
	budget int // instructions that may still be interpreted this time
	total  int // and in the whole function

	framed bool // wherever the function is seen to call, it has a frame record; so it must have here

	evidence int  // places where the code joins what is known, or returns, with the right frame
	joins    int  // of these, where it joins what is known
	calls    int  // calls that are made with a frame that can be returned to
	refuted  bool // somewhere the frame is wrong
}

// maxCandidates bounds how many frames are tried, maxTrial how many instructions are looked at with each, and
// maxTrials, for each instruction of the function, how many are looked at in all: enough for code, while data stays
// unreached.
const (
	maxCandidates = 8
	maxTrial      = 2000
	maxTrials     = 32
)

// infer finds out in which frame the code is executed that no branch leads to. It reports whether anything was
// inferred.
func (a *analyzer) infer(rows []Row) bool {
	candidates, computed := a.candidates(rows)
	inferred := false
	for i := 0; i < len(a.insts); {
		if a.how[i] != Unreached || filler(a.words[i]) {
			i++
			continue
		}
		if a.trial.total <= 0 {
			return inferred
		}
		if s := a.choose(i, candidates, computed); s != nil {
			a.addLeader(i)
			a.arrive(i, s, branchedTo)
			a.drain(Inferred)
			inferred = true
			continue
		}
		for i < len(a.insts) && a.how[i] == Unreached {
			i++
			if a.insts[i-1].ends() {
				break
			}
		}
	}
	return inferred
}

// anyUnreached reports whether something is unreached that isn't padding.
func (a *analyzer) anyUnreached() bool {
	for i, h := range a.how {
		if h == Unreached && !filler(a.words[i]) {
			return true
		}
	}
	return false
}

// candidates are the frames that the function has anywhere. Where it has computed branches, what they lead to has the
// frame of one of them: then these come first, and computed says how many they are.
func (a *analyzer) candidates(rows []Row) (all []state, computed int) {
	propose := func(s *State) {
		in := s.asInner()
		for r := range regFP {
			in.regs[r] = Value{By: AtEntry}
		}
		if _, saved := in.find(Value.isRA); saved {
			in.regs[regLR] = Value{Kind: Foreign, By: s.X30.By} // calls may have been made
		}
		for i := range all {
			c := &all[i]
			if c.nslots == in.nslots && c.fits(&in) && c.regs[regLR].same(in.regs[regLR]) {
				c.join(&in, 0)
				return
			}
		}
		if len(all) < maxCandidates {
			all = append(all, in)
		}
	}
	a.trial.framed = true
	a.each(func(i int, s *state) {
		switch a.insts[i].op {
		case opJumpReg:
			if len(a.tables[i]) > 0 {
				return // it is known where it leads
			}
			shown := s.asState(nil)
			propose(&shown)
		case opCall, opCallReg:
			a.trial.framed = a.trial.framed && s.hasRecord()
		}
	})
	computed = len(all)
	for i := range rows {
		if rows[i].How != Unreached {
			propose(&rows[i].State)
		}
	}
	return all, computed
}

// choose returns the one candidate that makes sense at instruction i, or nil: the only one with evidence for it, or
// what all with evidence agree on, if that leads to the caller and the code only returns; failing that, the only one
// with which nothing is wrong, where calls would show it.
func (a *analyzer) choose(i int, candidates []state, computed int) *state {
	if computed == 1 {
		if t := a.try(i, &candidates[0]); !t.refuted {
			return &candidates[0]
		}
	}
	var proven state
	var plausible *state
	numProven, numPlausible, calls, joins := 0, 0, 0, 0
	for c := range candidates {
		t := a.try(i, &candidates[c])
		if t.refuted {
			continue
		}
		numPlausible++
		plausible, calls = &candidates[c], t.calls
		joins += t.joins
		switch {
		case t.evidence == 0:
		case numProven == 0:
			proven, numProven = candidates[c], 1
		case joins > 0 || !proven.agree(&candidates[c], int32(i)*4):
			numProven++
		}
	}
	switch {
	case numProven == 1:
		return &proven
	case numPlausible == 1 && calls > 0:
		return plausible
	}
	return nil
}

// agree lowers a state to what it has in common with another, if SP is the same and the caller is still found. It
// reports whether that is so; if not, the state is of no use any more.
func (s *state) agree(t *state, at int32) bool {
	if s.regs[regSP].Kind != CFA || !s.regs[regSP].same(t.regs[regSP]) {
		return false
	}
	s.join(t, at)
	ra, fp := s.recoverable()
	return ra && fp
}

// try interprets the code at i with an assumed state up to where it joins what is known or leaves the function.
func (a *analyzer) try(i int, s *state) *trial {
	t := &a.trial
	if t.at == nil {
		t.at = map[int]int{}
	}
	clear(t.at)
	t.states, t.queue = t.states[:0], t.queue[:0]
	t.budget, t.evidence, t.joins, t.calls, t.refuted = min(maxTrial, t.total), 0, 0, 0, false
	t.arrive(i, s)
	for len(t.queue) > 0 && !t.refuted {
		i := t.queue[len(t.queue)-1]
		t.queue = t.queue[:len(t.queue)-1]
		a.now = t.states[t.at[i]]
		a.tryBlock(t, i, &a.now)
	}
	return t
}

func (t *trial) arrive(i int, s *state) {
	k, seen := t.at[i]
	switch {
	case !seen:
		t.at[i] = len(t.states)
		t.states = append(t.states, *s)
	case !t.states[k].fits(s):
		t.refuted = true
		return
	case !t.states[k].join(s, int32(i)*4):
		return
	}
	t.queue = append(t.queue, i)
}

func (a *analyzer) tryBlock(t *trial, i int, s *state) {
	arrive := func(to int, s *state, after int32) {
		switch {
		case a.how[to] == Unreached:
			t.arrive(to, s)
		case after == calledHere: // says nothing of the frame of the caller
		case a.joins[a.leader[to]-1].state.fits(s):
			t.evidence++
			t.joins++
		default:
			t.refuted = true
		}
	}
	returned := int32(branchedTo)
	for !t.refuted {
		t.total--
		if t.budget--; t.budget < 0 {
			t.refuted = true
			return
		}
		in := &a.insts[i]
		t.leave(a, i, in, s)
		after := a.execute(i, s, arrive)
		if after == stops {
			return
		}
		returned = a.returned(i, after, returned)
		i++
		switch {
		case i == len(a.insts):
			t.refuted = t.refuted || after == goesOn
			return
		case a.leader[i] == 0:
		case returned >= 0 && a.how[i] != Unreached && !a.joins[a.leader[i]-1].state.fits(s):
			return // the call doesn't return
		default:
			arrive(i, s, branchedTo)
			return
		}
	}
}

// leave judges an instruction that leaves the function, for good or for a call.
func (t *trial) leave(a *analyzer, i int, in *inst, s *state) {
	switch in.op {
	case opInvalid:
		t.refuted = true
	case opCall, opCallReg:
		_, saved := s.find(Value.isRA)
		if t.framed && !s.hasRecord() || !saved {
			t.refuted = true
		}
		t.calls++
	case opReturn, opReturnPAC:
		if a.returnsRight(in, s) {
			t.evidence++
		} else {
			t.refuted = true
		}
	case opBranch:
		// A jump to where no function starts may be the end of another function's code, with any frame.
		if _, inside := a.target(i); !inside && s.untouched() && (a.starts == nil || a.starts(a.destination(i))) {
			t.evidence++
		}
	}
}

// returnsRight reports whether a return leads to the caller, with SP and X29 as on entry.
func (a *analyzer) returnsRight(in *inst, s *state) bool {
	if in.op == opReturnPAC {
		signed := Value{Kind: SignedRA, Offset: 0}
		return s.regs[regSP].same(Value{Kind: CFA}) && s.regs[regFP].Kind == CallerFP && s.regs[regLR].same(signed)
	}
	return s.regs[regSP].same(Value{Kind: CFA}) && s.regs[regFP].Kind == CallerFP && s.get(in.rn).Kind == CallerRA
}
