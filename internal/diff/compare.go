// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"cmp"
	"maps"
	"slices"

	"stacksweep/sweep/verdict"
)

// A Kind says what has become of instructions.
type Kind uint8

const (
	Worse    Kind = iota // a verdict further down the list exact, refused, ghost, omitted, wrong, fault
	Appeared             // not exact, at an instruction that the old run doesn't have
	Better
	Vanished // was not exact, at an instruction that the new run doesn't have
	numKinds
)

func (k Kind) String() string { return [numKinds]string{"worse", "appeared", "better", "vanished"}[k] }

// Options of a comparison.
type Options struct {
	// Cautious: a walk that was exact and is now refused is no worse.
	Cautious bool
}

// A Report is what came out of a comparison.
type Report struct {
	Targets []TargetReport
	Walkers []Total // of all targets, in the order in which walkers are met
	Same    int     // targets in which nothing has changed
	Partial bool    // one of the runs was interrupted
	Coded   bool    // both runs have the code, so that instructions could be aligned
}

// A TargetReport is about one target; Old or New is "" if that run doesn't have it.
type TargetReport struct {
	Old, New string
	Changes  []Change
	// Only are series that only one of the runs has.
	Only []OnlySeries
	// Unsound counts the unsound walks of a target that the other run doesn't have.
	Unsound int
}

// OnlySeries is a walker in a mode that only the old or the new run has.
type OnlySeries struct {
	SeriesKey
	InNew bool
}

// A Change is a stretch of instructions with which the same has happened, to the same walkers.
type Change struct {
	Kind          Kind
	Mode, Deliver string
	Walkers       []string
	Old, New      *Place // nil if that run doesn't have the instructions
	Instructions  int
	// Point is one where it can be seen: in the new run if it has the instructions, else in the old one.
	Point string
	// Rewritten: the code has changed too much for instructions to be told apart. The verdicts are the worst of all of
	// it.
	Rewritten bool
	// Fails: the change makes the new run a worse one.
	Fails bool
}

// A Place is a stretch of instructions that got the same verdict.
type Place struct {
	Symbol   string
	From, To uint64
	Verdict  verdict.Verdict // the worst at each instruction
}

// A Total counts a walker's instructions, over all scenarios and modes.
type Total struct {
	Walker string
	Counts [numKinds]int // by Kind
}

// Failed reports whether something got worse.
func (r *Report) Failed() bool {
	for _, t := range r.Targets {
		if slices.ContainsFunc(t.Changes, func(c Change) bool { return c.Fails }) {
			return true
		}
	}
	return false
}

// Compare compares two runs.
func Compare(old, newer *Run, o Options) *Report {
	r := &Report{Partial: old.Partial || newer.Partial, Coded: coded(old) && coded(newer)}
	totals := map[string]int{}
	for _, p := range pairTargets(old, newer) {
		t := p.compare(o, func(walker string, k Kind) {
			i, ok := totals[walker]
			if !ok {
				i = len(r.Walkers)
				totals[walker] = i
				r.Walkers = append(r.Walkers, Total{Walker: walker})
			}
			r.Walkers[i].Counts[k]++
		})
		if p.old != nil && p.new != nil && len(t.Changes) == 0 && len(t.Only) == 0 {
			r.Same++
			continue
		}
		r.Targets = append(r.Targets, t)
	}
	return r
}

func coded(r *Run) bool {
	return !slices.ContainsFunc(r.Targets, func(t *Target) bool { return t.Functions == nil })
}

func (p pair) compare(o Options, count func(walker string, k Kind)) (t TargetReport) {
	unsound := func(of *Target) (name string) {
		for _, s := range of.Series {
			t.Unsound += s.Unsound
		}
		return of.Name()
	}
	switch {
	case p.old == nil:
		t.New = unsound(p.new)
		return t
	case p.new == nil:
		t.Old = unsound(p.old)
		return t
	}
	t.Old, t.New = p.old.Name(), p.new.Name()
	twins := matchFunctions(p.old, p.new)
	for i := range p.new.Series {
		now := &p.new.Series[i]
		before := p.old.series(now.SeriesKey)
		if before == nil {
			t.Only = append(t.Only, OnlySeries{now.SeriesKey, true})
			continue
		}
		if now.Points == 0 && before.Points == 0 {
			continue
		}
		changes := compareSeries(before, now, twins, o, func(k Kind) { count(now.Walker, k) })
		t.Changes = append(t.Changes, changes...)
	}
	for _, s := range p.old.Series {
		if p.new.series(s.SeriesKey) == nil {
			t.Only = append(t.Only, OnlySeries{s.SeriesKey, false})
		}
	}
	t.Changes = together(t.Changes)
	return t
}

func (t *Target) series(k SeriesKey) *Series {
	i := slices.IndexFunc(t.Series, func(s Series) bool { return s.SeriesKey == k })
	if i < 0 {
		return nil
	}
	return &t.Series[i]
}

// A mark is the worst verdict at an instruction.
type mark struct {
	verdict verdict.Verdict
	first   string
}

// marks are the instructions of a series that are not exact, by function and index of the instruction.
func (s *Series) marks() map[string]map[uint64]mark {
	all := map[string]map[uint64]mark{}
	for _, w := range s.Windows {
		f := all[w.Symbol]
		if f == nil {
			f = map[uint64]mark{}
			all[w.Symbol] = f
		}
		for off := w.From; off <= w.To; off += 4 {
			if m, ok := f[off/4]; !ok || w.Verdict > m.verdict {
				f[off/4] = mark{w.Verdict, w.First}
			}
		}
	}
	return all
}

// compareSeries finds the changes of one walker in one mode.
func compareSeries(before, now *Series, twins []twin, o Options, count func(Kind)) []Change {
	c := comparison{key: now.SeriesKey, options: o, count: count}
	old, newer := before.marks(), now.marks()
	for _, t := range twins {
		c.twin(t, old, newer)
		if t.old != nil {
			delete(old, t.old.Symbol)
		}
		if t.new != nil {
			delete(newer, t.new.Symbol)
		}
	}
	// What the reports have no code of is compared offset by offset.
	for _, symbol := range slices.Sorted(maps.Keys(merged(old, newer))) {
		c.uncoded(symbol, old[symbol], newer[symbol])
	}
	return c.changes
}

func merged[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// A comparison collects the changes of a series.
type comparison struct {
	key     SeriesKey
	options Options
	count   func(Kind)
	changes []Change
}

// side is an instruction in one of the runs.
type side struct {
	symbol string
	index  uint64
	mark
}

// twin compares a function that both runs have, or one of them.
func (c *comparison) twin(t twin, old, newer map[string]map[uint64]mark) {
	var before, now stretch
	if t.old != nil {
		before = stretch{t.old, old[t.old.Symbol], 0, len(t.old.Code)}
	}
	if t.new != nil {
		now = stretch{t.new, newer[t.new.Symbol], 0, len(t.new.Code)}
	}
	worst := before.worst(nil)
	i, j := 0, 0
	for k, to := range t.to {
		if to < 0 {
			continue
		}
		c.rewritten(before.part(i, k), now.part(j, to), worst)
		c.both(before.at(k), now.at(to), worst)
		i, j = k+1, to+1
	}
	c.rewritten(before.part(i, before.to), now.part(j, now.to), worst)
}

// both compares an instruction that both runs have, if they executed it.
func (c *comparison) both(old, newer *side, worst verdict.Verdict) {
	if old != nil || newer != nil {
		c.note(old, newer, worst)
	}
}

// rewritten compares code between instructions that both runs have, or all of a function. If there is some on both
// sides it is compared as a whole.
func (c *comparison) rewritten(old, newer stretch, worst verdict.Verdict) {
	var a, b []*side
	wasWorst, isWorst := old.worst(&a), newer.worst(&b)
	if len(a) == 0 || len(b) == 0 {
		for _, s := range a {
			c.note(s, nil, worst)
		}
		for _, s := range b {
			c.note(nil, s, worst)
		}
		return
	}
	if wasWorst == isWorst {
		return
	}
	change := c.change(summed(a, wasWorst), summed(b, isWorst), worst)
	if change == nil {
		return
	}
	change.Old, change.New = spanned(a, wasWorst), spanned(b, isWorst)
	change.Instructions = len(b)
	change.Rewritten = true
	for range b {
		c.count(change.Kind)
	}
	c.changes = append(c.changes, *change)
}

// summed is the first of the instructions that have a verdict.
func summed(all []*side, v verdict.Verdict) *side {
	return all[slices.IndexFunc(all, func(s *side) bool { return s.verdict == v })]
}

func spanned(all []*side, v verdict.Verdict) *Place {
	return &Place{all[0].symbol, all[0].index * 4, all[len(all)-1].index * 4, v}
}

// A stretch is a part of a function.
type stretch struct {
	*Function
	marks    map[uint64]mark
	from, to int
}

func (s stretch) part(from, to int) stretch { return stretch{s.Function, s.marks, from, to} }

// at returns an instruction, nil if it was not executed.
func (s stretch) at(i int) *side {
	if !s.Executed[i] {
		return nil
	}
	return &side{s.Symbol, uint64(i), s.marks[uint64(i)]}
}

// worst returns the worst verdict, and lists the executed instructions.
func (s stretch) worst(list *[]*side) (v verdict.Verdict) {
	for i := s.from; i < s.to; i++ {
		if at := s.at(i); at != nil {
			v = max(v, at.verdict)
			if list != nil {
				*list = append(*list, at)
			}
		}
	}
	return v
}

// uncoded compares what is known of a function whose code isn't: an instruction that isn't mentioned was exact, or was
// not executed.
func (c *comparison) uncoded(symbol string, old, newer map[uint64]mark) {
	indices := maps.Clone(old)
	if indices == nil {
		indices = map[uint64]mark{}
	}
	maps.Copy(indices, newer)
	for _, i := range slices.Sorted(maps.Keys(indices)) {
		c.note(&side{symbol, i, old[i]}, &side{symbol, i, newer[i]}, verdict.Exact)
	}
}

// change says what has become of an instruction, nil if nothing. worst is the worst verdict in the function in the old
// run: new code that is as unsound is no worse.
func (c *comparison) change(old, newer *side, worst verdict.Verdict) *Change {
	o := Change{Mode: c.key.Mode, Deliver: c.key.Deliver, Walkers: []string{c.key.Walker}, Old: placeOf(old),
		New: placeOf(newer), Instructions: 1}
	switch {
	case old == nil && newer.verdict == verdict.Exact, newer == nil && old.verdict == verdict.Exact:
		return nil
	case old == nil:
		o.Kind, o.Point, o.Fails = Appeared, newer.first, !newer.verdict.Conforming() && newer.verdict > worst
	case newer == nil:
		o.Kind, o.Point = Vanished, old.first
	case newer.verdict == old.verdict, c.options.Cautious && newer.verdict == verdict.Refused &&
		old.verdict == verdict.Exact:
		return nil
	case newer.verdict > old.verdict:
		o.Kind, o.Point, o.Fails = Worse, newer.first, true
	default:
		o.Kind, o.Point = Better, cmp.Or(newer.first, old.first)
	}
	return &o
}

// note enters what has become of an instruction. It joins it to the change before if that goes on.
func (c *comparison) note(old, newer *side, worst verdict.Verdict) {
	o := c.change(old, newer, worst)
	if o == nil {
		return
	}
	c.count(o.Kind)
	if n := len(c.changes); n > 0 {
		last := &c.changes[n-1]
		if last.Kind == o.Kind && last.Fails == o.Fails && !last.Rewritten && follows(last.Old, old) &&
			follows(last.New, newer) {
			last.Instructions++
			for _, p := range []*Place{last.Old, last.New} {
				if p != nil {
					p.To += 4
				}
			}
			return
		}
	}
	c.changes = append(c.changes, *o)
}

func placeOf(s *side) *Place {
	if s == nil {
		return nil
	}
	return &Place{s.symbol, s.index * 4, s.index * 4, s.verdict}
}

// follows reports whether an instruction continues a place.
func follows(p *Place, s *side) bool {
	if p == nil || s == nil {
		return p == nil && s == nil
	}
	return p.Symbol == s.symbol && p.To+4 == s.index*4 && p.Verdict == s.verdict
}

// together joins the changes of several walkers that are the same, and puts what is worse first.
func together(all []Change) (joined []Change) {
	type place struct{ old, new Place }
	type key struct {
		Kind
		mode, deliver  string
		hasOld, hasNew bool
		fails          bool
		place
	}
	at := map[key]int{}
	for _, c := range all {
		k := key{Kind: c.Kind, mode: c.Mode, deliver: c.Deliver, hasOld: c.Old != nil, hasNew: c.New != nil,
			fails: c.Fails}
		if c.Old != nil {
			k.old = *c.Old
		}
		if c.New != nil {
			k.new = *c.New
		}
		if i, ok := at[k]; ok {
			joined[i].Walkers = append(joined[i].Walkers, c.Walkers...)
			continue
		}
		at[k] = len(joined)
		joined = append(joined, c)
	}
	slices.SortStableFunc(joined, func(a, b Change) int { return cmp.Compare(a.Kind, b.Kind) })
	return joined
}
