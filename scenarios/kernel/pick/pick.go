// SPDX-License-Identifier: GPL-2.0-only

package pick

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"

	"stacksweep/image"
	"stacksweep/unwind"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// How much is looked at, and how much is taken.
const (
	perShape     = 7    // functions picked of a shape
	ofWrongRows  = 50   // with wrong rows, of which there are few
	perFunction  = 3    // calls of each
	maxTries     = 300  // functions of a shape that are called to see whether they will do
	maxCommon    = 2000 // functions that are looked at for the shapes that many have
	maxCodeBytes = 4096 // longer functions are left alone
)

// picker chooses functions. Which ones depends on the kernel alone: they are looked at in the order of a hash of their
// names, so that they come from everywhere, and from kernels that were built in different ways mostly the same ones.
type picker struct {
	kernel *Code
	lab    Laboratory
	signed Laboratory // the same with pointer authentication
	picked []Picked
	shapes []shape
	tries  map[string]int
	taken  map[string]int
	next   map[string]uint64 // by shape: where the arguments of its next call will be
}

// Pick finds functions of each shape by what their code does and by calling them, but those with wrong rows.
func (k *Code) Pick() ([]Picked, error) {
	shapes := slices.DeleteFunc(k.shapes(), func(s shape) bool { return s.table })
	return k.pickBy(shapes, func(p *picker) error {
		p.compiled()
		p.inHoles()
		return nil
	})
}

// PickWrong finds functions with wrong rows in the unwind table. The whole table is checked, which takes a second.
func (k *Code) PickWrong() ([]Picked, error) {
	if !k.Table {
		return nil, nil
	}
	return k.pickBy([]shape{k.wrongRow()}, func(p *picker) error {
		check, err := tablecheck.Run(k.Image, tablecheck.Options{NoDWARF: true})
		if err != nil {
			return err
		}
		for _, group := range check.ByFunction(check.Disagree) {
			var inside []unwind.Range
			for _, d := range group {
				inside = append(inside, unwind.Range{Start: d.From, End: d.To})
			}
			if p.isFull(&p.shapes[0]) {
				break
			}
			if s, ok := k.Image.Symbols.At(group[0].From); ok && k.IsText(s.Addr) {
				p.tryInside(&p.shapes[0], s, inside)
			}
		}
		return nil
	})
}

// pickBy sets up a picker and lets it choose.
func (k *Code) pickBy(shapes []shape, choose func(*picker) error) ([]Picked, error) {
	p := &picker{kernel: k, shapes: shapes, tries: map[string]int{}, taken: map[string]int{}, next: map[string]uint64{}}
	var err error
	if p.lab, err = k.Laboratory(false); err != nil {
		return nil, err
	}
	defer p.lab.Close()
	if p.signed, err = k.Laboratory(true); err != nil {
		return nil, err
	}
	defer p.signed.Close()
	if err := choose(p); err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.picked, func(a, b Picked) int {
		order := func(name string) int {
			return slices.IndexFunc(p.shapes, func(s shape) bool { return s.name == name })
		}
		return cmp.Compare(order(a.Shape), order(b.Shape))
	})
	return p.picked, nil
}

// byHash orders functions by a hash of their names.
func byHash(a, b image.Symbol) int {
	return cmp.Or(cmp.Compare(hash(a.Name), hash(b.Name)), cmp.Compare(a.Addr, b.Addr))
}

func hash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// compiled picks functions by shape.
func (p *picker) compiled() {
	symbols := slices.DeleteFunc(tablecheck.Functions(p.kernel.Image), func(s image.Symbol) bool {
		return !p.kernel.IsText(s.Addr) || s.Size > maxCodeBytes
	})
	slices.SortFunc(symbols, byHash)
	for i, s := range symbols {
		code := tablecheck.Code(p.kernel.Image)(s.Addr, s.Addr+s.Size)
		wanted := p.wanted(code, i < maxCommon)
		if len(wanted) == 0 {
			continue
		}
		c := candidate{symbol: s, code: code, flow: flow.Analyze(code, s.Addr)}
		for _, sh := range wanted {
			if shows, ok := sh.fits(&c); ok && p.try(sh, &c, shows) {
				break
			}
		}
	}
}

// wanted returns the shapes that functions are still looked for of, and that a function with this code may be of.
func (p *picker) wanted(code []byte, common bool) (list []*shape) {
	for i := range p.shapes {
		s := &p.shapes[i]
		if s.kind == "" && !s.table && !p.isFull(s) && (common || s.hint != nil) &&
			(s.hint == nil || hasWord(code, s.hint)) {
			list = append(list, s)
		}
	}
	return list
}

func hasWord(code []byte, is func(word uint32) bool) bool {
	for i := 0; i+4 <= len(code); i += 4 {
		if is(binary.LittleEndian.Uint32(code[i:])) {
			return true
		}
	}
	return false
}

// inHoles picks functions by the holes in the unwind table.
func (p *picker) inHoles() {
	holes := slices.Clone(p.kernel.holes())
	slices.SortFunc(holes, func(a, b tablecheck.Hole) int { return byHash(a.Symbol, b.Symbol) })
	for _, h := range holes {
		for i := range p.shapes {
			if s := &p.shapes[i]; s.kind == h.Kind && !p.isFull(s) && h.Symbol.Size <= maxCodeBytes &&
				!p.has(h.Symbol) {
				p.tryInside(s, h.Symbol, []unwind.Range{{Start: h.From, End: h.To}})
			}
		}
	}
}

// tryInside tries a function of which certain instructions must be executed.
func (p *picker) tryInside(s *shape, symbol image.Symbol, inside []unwind.Range) {
	c := candidate{symbol: symbol, code: tablecheck.Code(p.kernel.Image)(symbol.Addr, symbol.Addr+symbol.Size),
		inside: inside}
	if shows, ok := s.fits(&c); ok {
		p.try(s, &c, shows)
	}
}

func (p *picker) has(s image.Symbol) bool {
	return slices.ContainsFunc(p.picked, func(q Picked) bool { return q.Symbol.Addr == s.Addr })
}

func (p *picker) isFull(s *shape) bool {
	most := perShape
	if s.most > 0 {
		most = s.most
	}
	return p.taken[s.name] == most || p.tries[s.name] == maxTries
}

// try calls a function with all sets of arguments, and takes it if a call shows its shape: that call first, then others
// that reach more of its instructions.
func (p *picker) try(s *shape, c *candidate, shows []uint32) bool {
	p.tries[s.name]++
	lab := p.lab
	if s.pac {
		lab = p.signed
	}
	at := max(p.next[s.name], p.kernel.Arguments)
	f := unwind.Range{Start: c.symbol.Addr, End: c.symbol.Addr + uint64(len(c.code))}
	outcomes := make([]*Outcome, len(argumentSets))
	for set := range outcomes {
		if o, err := lab.Call(f, set, at, 0); err == nil {
			outcomes[set] = &o
		}
	}
	picked := Picked{Shape: s.name, Symbol: c.symbol}
	reached := make([]bool, len(c.code)/4)
	for len(picked.Calls) < perFunction {
		set := best(outcomes, reached, func(o *Outcome) bool {
			return len(picked.Calls) > 0 || o.shows(shows, s.twice)
		})
		if set < 0 {
			break
		}
		if o, ok := sameOnAnyStack(lab, f, set, at); ok {
			picked.Calls = append(picked.Calls, Call{argumentSets[set].name, o.Steps, o.Result, set})
			for _, i := range o.news(reached) {
				reached[i] = true
				picked.Reached++
			}
			at += ArgumentsSize
		}
		outcomes[set] = nil
	}
	if len(picked.Calls) == 0 {
		return false
	}
	p.picked = append(p.picked, picked)
	p.taken[s.name]++
	p.next[s.name] = at
	return true
}

// sameOnAnyStack calls a function with arguments at the place where they will be, on a stack of zeros and on one of
// something else, and reports whether it does the same: what others have left on the stack must not matter.
func sameOnAnyStack(lab Laboratory, f unwind.Range, set int, at uint64) (o Outcome, ok bool) {
	o, err := lab.Call(f, set, at, 0)
	if err != nil {
		return o, false
	}
	again, err := lab.Call(f, set, at, 0xa5)
	return o, err == nil && again.Result == o.Result && slices.Equal(again.Visits, o.Visits)
}

// best returns the set of arguments whose call, among those that will do, reaches most instructions that no other has;
// -1 if there is none.
func best(outcomes []*Outcome, reached []bool, willDo func(*Outcome) bool) int {
	set, most := -1, 0
	for i, o := range outcomes {
		if o == nil || !willDo(o) {
			continue
		}
		if n := len(o.news(reached)); n > most {
			set, most = i, n
		}
	}
	return set
}

// news returns the instructions, by index, that a call has executed and others not.
func (o *Outcome) news(reached []bool) (list []int) {
	for i, n := range o.Visits {
		if n > 0 && !reached[i] {
			list = append(list, i)
		}
	}
	return list
}

// shows reports whether a call has executed one of the instructions at the given offsets, or executed it twice; without
// offsets, any call shows what is wanted.
func (o *Outcome) shows(offsets []uint32, twice bool) bool {
	least := 1
	if twice {
		least = 2
	}
	return len(offsets) == 0 || slices.ContainsFunc(offsets, func(at uint32) bool {
		return int(at/4) < len(o.Visits) && o.Visits[at/4] >= least
	})
}
