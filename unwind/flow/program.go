// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"cmp"
	"slices"
)

// A Range is the code of one function in a program.
type Range struct {
	Start, End uint64   // addresses
	Entries    []uint64 // further places where it is entered by a call, in [Start, End)
	// Part says that it isn't a function but a part of one that the compiler put elsewhere: it isn't entered
	// by calls but by jumps, in whatever state these are in.
	Part bool
	// Pushed is what is on the stack already where the function starts; zero for one that is called.
	Pushed Pushed
}

// Pushed is what whoever enters a function has pushed, below the CFA: Size bytes, with the return address RA bytes
// above SP. So does the procedure linkage table when it enters a dynamic linker's resolver.
type Pushed struct{ Size, RA int32 }

// A Break says what happens to execution at a BRK.
type Break uint8

const (
	BreakUnknown Break = iota // unknown; the code around it decides
	BreakReturns              // execution goes on after it: a warning, a breakpoint
	BreakEnds                 // it doesn't: a bug
)

// Facts are what a file says of its code that the code itself doesn't show.
type Facts struct {
	Breaks  map[uint64]Break // by address of the BRK
	Patches []Patch          // by address
	Pads    []Pad            // by From
	// Data returns bytes of the file's memory, code or not, as far as it has them; nil: only code is known. Tables of
	// computed branches are read by it.
	Data func(addr, size uint64) ([]byte, bool)
}

// A Pad is where exceptions go on that leave a call in a piece of code.
type Pad struct {
	From, To uint64 // addresses: the piece
	At       uint64 // address of the landing pad
}

// A Patch says that execution may go on in another way than an instruction says: because it is replaced while the
// program runs, or before, or because it faults. What else a replacement does isn't followed.
type Patch struct {
	Addr   uint64
	Target uint64 // where it may go on; 0 if only after the instruction
	Falls  bool   // it may go on after the instruction
}

// BranchTarget returns where an instruction at an address branches to, if it is a direct branch that isn't a call.
func BranchTarget(word uint32, addr uint64) (target uint64, ok bool) {
	in := decode(word)
	if in.op != opBranch && in.op != opCond {
		return 0, false
	}
	return addr + uint64(int64(in.imm)), true
}

// Ends reports whether execution never goes on to what follows an instruction.
func Ends(word uint32) bool {
	in := decode(word)
	return in.ends()
}

// maxRounds bounds how often a program is looked at again because of what was found: a call that doesn't return makes
// its caller one that doesn't, and so on.
const maxRounds = 10

// Program interprets the functions of an image together. code returns the bytes from start to end; where it returns
// fewer, the function ends there. The result has a Function for each range, in the same order.
//
// Functions that never return are found, and what follows their calls isn't reached through them. Parts are
// interpreted in the states in which other functions jump to them. Of two ranges that start together, the first is
// what calls lead to. known may be nil.
func Program(ranges []Range, code func(start, end uint64) []byte, known *Facts) []*Function {
	p := program{ranges: ranges, code: code, starts: make(map[uint64]int32, len(ranges)),
		functions: make([]*Function, len(ranges))}
	for i := range ranges {
		if _, ok := p.starts[ranges[i].Start]; !ok {
			p.starts[ranges[i].Start] = int32(i)
		}
	}
	p.a.returns, p.a.inPart, p.a.known, p.a.code = p.returns, p.inPart, known, code
	p.a.starts = func(addr uint64) bool {
		_, ok := p.starts[addr]
		return ok
	}
	p.order = make([]int32, len(ranges))
	for i := range p.order {
		p.order[i] = int32(i)
	}
	slices.SortStableFunc(p.order, func(i, j int32) int { return cmp.Compare(ranges[i].Start, ranges[j].Start) })
	for i := range ranges {
		p.analyze(i)
	}
	p.settleReturns()
	p.settleParts()
	return p.functions
}

type program struct {
	a         analyzer
	ranges    []Range
	code      func(start, end uint64) []byte
	starts    map[uint64]int32 // range by where it starts
	order     []int32          // ranges by start
	functions []*Function
	seeds     map[int][]seed // of parts, and of functions that others jump into
}

// returns reports whether the function at an address returns, as far as is known.
func (p *program) returns(target uint64) bool {
	i, ok := p.starts[target]
	return !ok || p.functions[i] == nil || !p.functions[i].NoReturn
}

func (p *program) analyze(i int) {
	r := &p.ranges[i]
	seeds := seedsAt(r.Start, r.Entries)
	switch {
	case r.Part:
		seeds = seeds[1:]
	case r.Pushed.Size > 0:
		s := &seeds[0].state
		s.regs[regSP].Offset = -r.Pushed.Size
		s.slots[0], s.nslots = Slot{r.Pushed.RA - r.Pushed.Size, Value{Kind: CallerRA, By: AtEntry}}, 1
	}
	p.functions[i] = p.a.analyze(p.code(r.Start, r.End), r.Start, append(seeds, p.seeds[i]...))
}

// settleReturns looks again at those that call functions that turned out not to return, until no more do.
func (p *program) settleReturns() {
	settled := map[uint64]bool{}
	for range maxRounds {
		var news []uint64
		for i, f := range p.functions {
			if start := p.ranges[i].Start; f.NoReturn && !p.ranges[i].Part && !settled[start] {
				settled[start] = true
				news = append(news, start)
			}
		}
		if len(news) == 0 {
			return
		}
		slices.Sort(news)
		for i, f := range p.functions {
			if f.callsAny(news) {
				p.analyze(i)
			}
		}
	}
}

// callsAny reports whether the function calls, or leaves by a jump to, one of the sorted addresses.
func (f *Function) callsAny(targets []uint64) bool {
	isTarget := func(addr uint64) bool {
		_, found := slices.BinarySearch(targets, addr)
		return found
	}
	return slices.ContainsFunc(f.calls, isTarget) ||
		slices.ContainsFunc(f.Exits, func(e Exit) bool { return e.Kind == Jump && isTarget(e.Target) })
}

// inPart reports whether an address is in a part.
func (p *program) inPart(addr uint64) bool {
	i, ok := p.find(addr)
	return ok && p.ranges[i].Part && addr < p.ranges[i].End
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
			for _, e := range slices.Concat(f.Exits, f.pads) {
				if e.Kind == Jump {
					if to, ok := p.enter(i, &e); ok {
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
		for _, i := range pending {
			p.analyze(i)
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
