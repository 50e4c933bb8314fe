// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"maps"
	"slices"

	"stacksweep/sweep/verdict"
)

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
