// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"
	"sync"

	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A precedent is a point that was judged, with all that its verdicts hang on. At a point at which all of that is the
// same again the verdicts are the same, and nothing is walked.
//
//	a verdict hangs on     which is the same if
//	the registers          they are: the overlay and the start of the walk are made of them
//	what a walk reads      its words are, up to where the walk met an earlier one (unwind.Joint)
//	the rest of the walk   the walker still remembers the earlier one: none of its words was written since
//	the true stack         it has the same identity (truth.Cursor); the innermost addresses are those of the registers
//
// A walker that can be resumed reads nothing else, and says the same when it reads the same.
type precedent struct {
	moment
	step    int    // at which it was found to hold last
	reads   []word // by all walkers
	rulings []ruling
	hits    [verdict.NumModes]int  // that are not in the tallies yet
	entered [verdict.NumModes]bool // the tallies of the mode know the findings
}

// A moment is a point as the machine's registers and the truth describe it.
type moment struct {
	pc, sp, fp, lr uint64
	exception      *scenarios.Exception // how one arrives; nil: a call is about to be made
	pstate         uint32
	truth          int32
	start          unwind.StartKind
	valid          bool
}

// A word is a word of the machine's memory.
type word struct{ addr, value uint64 }

// A ruling is what a precedent says about a walker.
type ruling struct {
	joint   unwind.Joint
	verdict verdict.Verdict
	warned  bool
}

// precedents judges points by precedents, as far as there are any, for walkers that can be resumed.
type precedents struct {
	prober  *Prober
	score   *score
	walkers []int // by index in the prober

	slots []*precedent // by moment: there is room for one of all that have the same place
	last  *precedent   // of the exception that was judged last; nil: there was none
	slabs []*precedentSlab
	used  int // precedents of the newest slab

	audit auditor
}

// An auditor is told of every verdict that a precedent has decided, where the prober has arrived. It is for tests; nil:
// there is none.
type auditor func(p *Prober, walker int, v verdict.Verdict, warned bool)

const (
	precedentSlots = 1 << 13
	maxReads       = 24 // more words than that are not compared
)

// A precedentSlab is room for some precedents.
type precedentSlab [64]precedent

// sparePrecedents are those of runs that are over.
var sparePrecedents = sync.Pool{New: func() any { return new(precedentSlab) }}

// newPrecedents returns nil if no walker can be resumed.
func newPrecedents(p *Prober, s *score, audit auditor) *precedents {
	c := &precedents{prober: p, score: s, audit: audit}
	for w := range p.resumed {
		if p.resumed[w].walker != nil {
			c.walkers = append(c.walkers, w)
		}
	}
	if len(c.walkers) == 0 {
		return nil
	}
	return c
}

// judge judges the walkers at the point at which the prober has arrived. prepared is false if the prober need not be
// prepared for that.
func (c *precedents) judge() (prepared bool) {
	if c.slots == nil {
		c.slots = make([]*precedent, precedentSlots)
	}
	p := c.prober
	m := p.moment()
	slot := &c.slots[m.place()%precedentSlots]
	found := *slot
	switch {
	case found != nil && found.is(&m) && c.holds(found):
	case c.last != nil && c.extends(c.last, &m):
		found = c.adopt(slot, m)
	default:
		p.prepare()
		c.set(slot, m)
		c.remember(*slot)
		return true
	}
	c.remember(found)
	if !found.entered[p.mode] {
		return c.enter(found)
	}
	found.hits[p.mode]++
	if c.audit != nil {
		for i, w := range c.walkers {
			c.audit(p, w, found.rulings[i].verdict, found.rulings[i].warned)
		}
	}
	return false
}

// remember notes the precedent that the next instruction may have in common with this one.
func (c *precedents) remember(of *precedent) {
	if of.exception != nil {
		c.last = of
	}
}

// moment describes the point at which the prober has arrived.
func (p *Prober) moment() moment {
	c := p.cursor
	m := moment{pc: c.PC(), sp: c.SP(), fp: c.FP(), lr: c.LR(), exception: p.exception, pstate: uint32(c.PState()),
		truth: p.truth.Identity(), valid: true}
	if m.exception == nil {
		m.start = startKind(p.mode)
	}
	return m
}

// is reports whether two moments are the same, field by field: that is faster than ==, which calls a function.
func (m *moment) is(o *moment) bool {
	return m.pc == o.pc && m.sp == o.sp && m.fp == o.fp && m.lr == o.lr && m.truth == o.truth &&
		m.exception == o.exception && m.pstate == o.pstate && m.start == o.start && m.valid == o.valid
}

// place tells moments apart, though not all of them.
func (m *moment) place() uint64 { return m.pc/4 + uint64(m.truth)*0x9d }

// holds reports whether a precedent of the same moment is one still.
func (c *precedents) holds(of *precedent) bool {
	p := c.prober
	step := p.cursor.Step()
	if of.step == step {
		return true
	}
	for i := range of.reads {
		r := &of.reads[i]
		if value, ok := p.view.Memory().Word(r.addr); !ok || value != r.value {
			return false
		}
	}
	for i, w := range c.walkers {
		if j := of.rulings[i].joint; j.Name != 0 && !p.resumed[w].walker.Holds(j) {
			return false
		}
	}
	of.step = step
	return true
}

// extends reports whether a precedent decides a moment that differs in the interrupted instruction only, and at which
// that makes no difference to the walks. Then their frames equal the true ones as before, or are not looked at.
func (c *precedents) extends(of *precedent, m *moment) bool {
	if of.sp != m.sp || of.fp != m.fp || of.truth != m.truth || of.lr != m.lr {
		return false
	}
	here := of.moment
	here.pc = m.pc
	if !here.is(m) || c.isHook(of.pc) || c.isHook(m.pc) {
		return false
	}
	for i, w := range c.walkers {
		if v := of.rulings[i].verdict; v != verdict.Exact && v != verdict.Refused {
			return false
		}
		if !c.prober.resumed[w].walker.Alike(of.pc, m.pc) {
			return false
		}
	}
	return c.holds(of)
}

// isHook reports whether the truth leaves out the frame of an instruction.
func (c *precedents) isHook(pc uint64) bool { return slices.Contains(c.prober.run.Hooks, pc) }

// adopt makes the last precedent one of another moment, too.
func (c *precedents) adopt(slot **precedent, m moment) *precedent {
	made := c.fresh(slot)
	if made != c.last {
		made.reads = append(made.reads[:0], c.last.reads...)
		copy(made.rulings, c.last.rulings)
	}
	made.moment, made.step = m, c.prober.cursor.Step()
	return made
}

// set judges all walkers at the point for which the prober is prepared, and makes that a precedent.
func (c *precedents) set(slot **precedent, m moment) {
	p := c.prober
	made := c.fresh(slot)
	made.reads = made.reads[:0]
	for i, w := range c.walkers {
		v := p.Walk(w)
		c.score.count(w, v, &p.stack)
		made.rulings[i] = ruling{p.resumed[w].walker.Joint(), v, len(p.trace.Warnings) > 0}
		m.valid = m.valid && v != verdict.Fault && made.read(p.view.Read())
	}
	for i := range made.reads {
		r := &made.reads[i]
		var ok bool
		if r.value, ok = p.view.Memory().Word(r.addr); !ok {
			m.valid = false
		}
	}
	made.moment, made.step = m, p.cursor.Step()
	made.entered[p.mode] = true
}

// read adds to the words that were read, and reports whether they can be compared.
func (of *precedent) read(addrs []uint64, ok bool) bool {
next:
	for _, addr := range addrs {
		for i := range of.reads {
			if of.reads[i].addr == addr {
				continue next
			}
		}
		if len(of.reads) == maxReads {
			return false
		}
		of.reads = append(of.reads, word{addr: addr})
	}
	return ok
}

// fresh returns a precedent to be filled in, of which no tally knows yet: the one in the slot if there is one.
func (c *precedents) fresh(slot **precedent) *precedent {
	if made := *slot; made != nil {
		c.settle(made)
		made.entered = [verdict.NumModes]bool{}
		return made
	}
	if n := len(c.slabs); n == 0 || c.used == len(c.slabs[n-1]) {
		c.slabs = append(c.slabs, sparePrecedents.Get().(*precedentSlab))
		c.used = 0
	}
	made := &c.slabs[len(c.slabs)-1][c.used]
	c.used++
	*made = precedent{reads: made.reads[:0], rulings: slices.Grow(made.rulings[:0], len(c.walkers))[:len(c.walkers)]}
	*slot = made
	return *slot
}
