// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"cmp"
	"slices"

	"stacksweep/internal/parallel"
)

// maxRounds bounds how often a program is looked at again because of what was found: a call that doesn't return makes
// its caller one that doesn't, and so on.
const maxRounds = 10

// batch is how many neighbouring functions a goroutine takes at a time.
const batch = 16

// Program interprets the functions of an image together. code returns the bytes from start to end; where it returns
// fewer, the function ends there. The result has a Function for each range, in the same order.
//
// Functions that never return are found, and what follows their calls isn't reached through them. Parts are
// interpreted in the states in which other functions jump to them. Of two ranges that start together, the first is
// what calls lead to. known may be nil.
func Program(ranges []Range, code func(start, end uint64) []byte, known *Facts) []*Function {
	return NewInterpreter(code, known, 1).Program(ranges)
}

type program struct {
	of        *Interpreter
	ranges    []Range
	starts    map[uint64]int32 // range by where it starts
	order     []int32          // ranges by start
	hasParts  bool
	functions []*Function
	noReturn  []bool         // those that are taken not to return while others are interpreted
	seeds     map[int][]seed // of parts, and of functions that others jump into
}

func newProgram(of *Interpreter, ranges []Range) *program {
	p := &program{of: of, ranges: ranges, starts: make(map[uint64]int32, len(ranges)),
		order: make([]int32, len(ranges)), functions: make([]*Function, len(ranges)),
		noReturn: make([]bool, len(ranges))}
	for i := range ranges {
		if _, ok := p.starts[ranges[i].Start]; !ok {
			p.starts[ranges[i].Start] = int32(i)
		}
		p.hasParts = p.hasParts || ranges[i].Part
		p.order[i] = int32(i)
	}
	slices.SortStableFunc(p.order, func(i, j int32) int { return cmp.Compare(ranges[i].Start, ranges[j].Start) })
	return p
}

// returns reports whether the function at an address returns, as far as is known.
func (p *program) returns(target uint64) bool {
	i, ok := p.starts[target]
	return !ok || !p.noReturn[i]
}

func (p *program) isStart(addr uint64) bool {
	_, ok := p.starts[addr]
	return ok
}

// inPart reports whether an address is in a part.
func (p *program) inPart(addr uint64) bool {
	if !p.hasParts {
		return false
	}
	i, ok := p.find(addr)
	return ok && p.ranges[i].Part && addr < p.ranges[i].End
}

// interpret interprets functions anew. None of them sees what comes out of another one, so that the order doesn't
// matter.
func (p *program) interpret(list []int) {
	found := make([]*Function, len(list))
	parallel.Each(p.of.jobs, len(list), batch, func() func(int) {
		a := &analyzer{returns: p.returns, inPart: p.inPart, starts: p.isStart, known: p.of.known, code: p.of.code}
		var seeds []seed
		return func(k int) {
			i := list[k]
			r := &p.ranges[i]
			seeds = append(r.appendSeeds(seeds[:0]), p.seeds[i]...)
			found[k] = a.analyze(p.of.code(r.Start, r.End), r.Start, seeds)
			found[k].answers = p.answers(a.outside)
		}
	})
	for k, i := range list {
		p.functions[i] = found[k]
	}
}

// appendSeeds appends the places where a range is entered from outside.
func (r *Range) appendSeeds(seeds []seed) []seed {
	if !r.Part {
		s := onEntry()
		if r.Pushed.Size > 0 {
			s.regs[regSP].Offset = -r.Pushed.Size
			s.slots[0], s.nslots = Slot{r.Pushed.RA - r.Pushed.Size, Value{Kind: CallerRA, By: AtEntry}}, 1
		}
		seeds = append(seeds, seed{0, s})
	}
	for _, e := range r.Entries {
		seeds = append(seeds, seed{e - r.Start, onEntry()})
	}
	return seeds
}

// settleReturns looks again at those that call functions that turned out not to return, or to return after all, until
// none does any more.
func (p *program) settleReturns() {
	for range maxRounds {
		news := map[uint64]bool{}
		for i, f := range p.functions {
			if is := f.NoReturn && !p.ranges[i].Part; is != p.noReturn[i] {
				p.noReturn[i] = is
				news[p.ranges[i].Start] = true
			}
		}
		if len(news) == 0 {
			return
		}
		var list []int
		for i, f := range p.functions {
			if slices.ContainsFunc(f.answers, func(a answer) bool { return news[a.target] }) {
				list = append(list, i)
			}
		}
		p.interpret(list)
	}
}

// settleParts enters parts, and functions in their middle, in the states in which others jump there.
func (p *program) settleParts() {
	p.seeds = map[int][]seed{}
	pending := make([]int, len(p.functions))
	for i := range pending {
		pending[i] = i
	}
	for range maxRounds {
		changed := map[int]bool{}
		for _, i := range pending {
			f := p.functions[i]
			for _, exits := range [][]Exit{f.Exits, f.pads} {
				for k := range exits {
					if exits[k].Kind != Jump {
						continue
					}
					if to, ok := p.enter(i, &exits[k]); ok {
						changed[to] = true
					}
				}
			}
		}
		pending = pending[:0]
		for i := range changed {
			pending = append(pending, i)
		}
		slices.Sort(pending)
		p.interpret(pending)
		for _, i := range pending {
			p.noReturn[i] = p.functions[i].NoReturn
		}
		if len(pending) == 0 {
			return
		}
	}
}

// enter gives the function that a jump of function from leads into the state there, if one of the two is a part, and
// unless that brings nothing new. It returns that function. Jumps between others into the middle are not followed: in
// kernels they are mostly the replacement of an instruction, kept elsewhere, that was written for another place.
func (p *program) enter(from int, e *Exit) (to int, changed bool) {
	if !p.hasParts {
		return 0, false
	}
	to, ok := p.at(e.Target)
	if !ok || to == from || !p.ranges[to].Part && (!p.ranges[from].Part || e.Target == p.ranges[to].Start) {
		return 0, false
	}
	s := seed{at: e.Target - p.ranges[to].Start, state: onEntry()}
	if !e.Untouched {
		s.state = e.State.asInner()
	}
	if f := p.functions[to]; f.Row(uint32(s.at)).How == Reached && !slices.ContainsFunc(p.seeds[to], func(t seed) bool {
		return t.at == s.at
	}) {
		return 0, false // reached from inside, which tells as much
	}
	for i := range p.seeds[to] {
		if t := &p.seeds[to][i]; t.at == s.at {
			return to, t.state.join(&s.state, int32(s.at))
		}
	}
	p.seeds[to] = append(p.seeds[to], s)
	return to, true
}

// at is the range whose instructions an address is among.
func (p *program) at(addr uint64) (int, bool) {
	i, ok := p.find(addr)
	if !ok {
		return 0, false
	}
	f := p.functions[i]
	return i, addr-f.Addr < uint64(f.Size) && addr%4 == 0
}

// find is the last range that starts at or before an address.
func (p *program) find(addr uint64) (int, bool) {
	k, found := slices.BinarySearchFunc(p.order, addr, func(i int32, addr uint64) int {
		return cmp.Compare(p.ranges[i].Start, addr)
	})
	if !found {
		k--
	}
	if k < 0 {
		return 0, false
	}
	return int(p.order[k]), true
}
