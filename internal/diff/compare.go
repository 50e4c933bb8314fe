// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"maps"
	"slices"

	"stacksweep/sweep/verdict"
)

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
		if t.Old != "" && t.New != "" && t.Failed == "" && len(t.Changes) == 0 && len(t.Only) == 0 {
			r.Same++
			continue
		}
		r.Targets = append(r.Targets, t)
	}
	return r
}

func coded(r *Run) bool {
	return !slices.ContainsFunc(r.Targets, func(t *Target) bool { return t.Functions == nil && t.Failed == "" })
}

func (p pair) compare(o Options, count func(walker string, k Kind)) (t TargetReport) {
	unsound := func(of *Target) (name string) {
		for _, s := range of.Series {
			t.Unsound += s.Unsound
		}
		return of.Name()
	}
	switch {
	case p.new != nil && p.new.Failed != "":
		t.New, t.Failed = p.new.Name(), p.new.Failed
		if p.old != nil && p.old.Failed == "" {
			t.Old = p.old.Name()
		}
		return t
	case p.old == nil, p.old.Failed != "" && p.new != nil:
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
