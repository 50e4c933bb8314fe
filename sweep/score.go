// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// A score collects what the points of a lane have come to.
type score struct {
	prober  *Prober
	deliver verdict.Delivery  // of exceptions
	keep    func(*Point) bool // whether a point is to be kept; nil: none
	tallies [][]tally         // by walker and mode
	points  []Point           // that are kept, of the current chunk
	deviate []Deviation       // of the current chunk
	untaken int               // exceptions that found no stack to be taken on
	noEntry int               // those for which the kernel has no entry code
}

func newScore(p *Prober, o *Options) *score {
	s := &score{prober: p, deliver: o.Deliver, keep: o.Keep}
	for range p.walkers {
		s.tallies = append(s.tallies, make([]tally, verdict.NumModes))
	}
	return s
}

// delivery is how exceptions of a mode are delivered.
func (s *score) delivery(m verdict.Mode) verdict.Delivery {
	if m.HasException() {
		return s.deliver
	}
	return verdict.Overlay
}

// count enters the verdict of the last walk, and keeps the point if it is wanted.
func (s *score) count(walker int, v verdict.Verdict, stack *truth.Stack) {
	p := s.prober
	t := &s.tallies[walker][p.mode]
	if first := t.add(p.cursor.PC(), p.position(), v); first != nil && !v.Conforming() {
		first.missing, first.inside = stack.Missing(p.trace.Frames)
	}
	if len(p.trace.Warnings) > 0 {
		t.warnings++
	}
	if s.keep == nil {
		return
	}
	point := p.describe(walker, p.position(), s.delivery(p.mode), v)
	if s.keep(&point) {
		point.complete(stack)
		s.points = append(s.points, point)
	}
}

// deviates notes that the exception of the point did not go as it must. walker is "" if it concerns no walker.
func (s *score) deviates(walker, what string) {
	p := s.prober
	s.deviate = append(s.deviate, Deviation{Position: p.position(), PC: p.cursor.PC(), Mode: p.mode, Walker: walker,
		What: what})
}

// merge adds what another lane's score has counted.
func (s *score) merge(o *score) {
	for w := range s.tallies {
		for m := range s.tallies[w] {
			s.tallies[w][m].merge(&o.tallies[w][m])
		}
	}
}

// move appends what the current chunk has come to to a result and to points, and forgets it.
func (s *score) move(r *RunResult, points []Point) []Point {
	points = append(points, s.points...)
	r.Deviations = append(r.Deviations, s.deviate...)
	s.points, s.deviate = s.points[:0], s.deviate[:0]
	return points
}
