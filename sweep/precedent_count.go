// SPDX-License-Identifier: GPL-2.0-only

package sweep

import "stacksweep/sweep/verdict"

// enter counts the verdicts of a precedent in the tallies of a mode that don't know all of its findings.
func (c *precedents) enter(of *precedent) (prepared bool) {
	p := c.prober
	for i, w := range c.walkers {
		r := &of.rulings[i]
		tally := &c.score.tallies[w][p.mode]
		if r.verdict.Conforming() || tally.knows(of.pc, r.verdict) {
			tally.add(of.pc, p.position(), r.verdict)
			if r.warned {
				tally.warnings++
			}
			if c.audit != nil {
				c.audit(p, w, r.verdict, r.warned)
			}
			continue
		}
		if !prepared { // the walk itself is wanted
			p.prepare()
			prepared = true
		}
		c.score.count(w, p.Walk(w), &p.stack)
	}
	of.entered[p.mode] = true
	return prepared
}

// settle enters what a precedent has decided in the tallies.
func (c *precedents) settle(of *precedent) {
	for m, hits := range of.hits {
		if hits == 0 {
			continue
		}
		of.hits[m] = 0
		for i, w := range c.walkers {
			c.score.tallies[w][m].repeat(of.pc, &of.rulings[i], hits)
		}
	}
}

// finish enters what all precedents have decided in the tallies, and forgets them.
func (c *precedents) finish() {
	if c == nil {
		return
	}
	for _, of := range c.slots {
		if of != nil {
			c.settle(of)
		}
	}
	for _, slab := range c.slabs {
		sparePrecedents.Put(slab)
	}
	c.slots, c.last, c.slabs = nil, nil, nil
}

// knows reports whether a finding has been counted.
func (t *tally) knows(pc uint64, v verdict.Verdict) bool { return t.where[finding{pc, v}] != nil }

// repeat counts a finding that has been counted before so many times more.
func (t *tally) repeat(pc uint64, r *ruling, times int) {
	t.counts[r.verdict] += times
	if r.warned {
		t.warnings += times
	}
	if r.verdict != verdict.Exact {
		t.where[finding{pc, r.verdict}].points += times
	}
}
