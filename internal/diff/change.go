// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"cmp"
	"slices"

	"stacksweep/sweep/verdict"
)

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
