// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"

	"stacksweep/unwind"
)

// A Disagreement is a point at which two walkers, shown the same, do not say the same.
type Disagreement struct {
	A, B Point
	What string // the first difference
}

// Compared counts points at which two walkers were compared, and those of them that at least one has answered: that
// both refuse says little.
type Compared struct{ Points, Answered int }

// Add adds what other points have come to.
func (c *Compared) Add(more Compared) {
	c.Points += more.Points
	c.Answered += more.Answered
}

// Agree compares two walkers, by name, frame by frame over points of a subject, which are in order and have all of a
// step. They must give as many warnings, and agree whether the trace is reliable unless one of them makes no claim. It
// returns how many points both have walked, and those at which they differ.
func Agree(s *Subject, all []Point, a, b string) (n Compared, differences []Disagreement) {
	claims := !s.Claimless[a] && !s.Claimless[b]
	var first *Point
	for i := range all {
		p := &all[i]
		if p.Walker != a && p.Walker != b {
			continue
		}
		if first == nil || first.Position != p.Position || first.Mode != p.Mode || first.Walker == p.Walker {
			first = p
			continue
		}
		n.Points++
		if first.Trace.Reliable || p.Trace.Reliable {
			n.Answered++
		}
		pa, pb := first, p
		if pa.Walker == b {
			pa, pb = pb, pa
		}
		if what := difference(&pa.Trace, &pb.Trace, claims); what != "" {
			differences = append(differences, Disagreement{*pa, *pb, what})
		}
		first = nil
	}
	return n, differences
}

// difference says in which way b differs from a, "" if it doesn't.
func difference(a, b *unwind.Trace, claims bool) string {
	for _, t := range []*unwind.Trace{a, b} {
		if t.Failure.Reason == unwind.NotRun { // two walkers that have said nothing don't agree
			return t.Failure.Error()
		}
	}
	for i := range min(len(a.Frames), len(b.Frames)) {
		if x, y := a.Frames[i].PC, b.Frames[i].PC; x != y {
			return fmt.Sprintf("frame %d is %#x and %#x", i, x, y)
		}
	}
	switch {
	case len(a.Frames) != len(b.Frames):
		return fmt.Sprintf("%d and %d frames", len(a.Frames), len(b.Frames))
	case claims && a.Reliable != b.Reliable:
		return fmt.Sprintf("reliable is %t and %t", a.Reliable, b.Reliable)
	case len(a.Warnings) != len(b.Warnings):
		return fmt.Sprintf("%d and %d warnings", len(a.Warnings), len(b.Warnings))
	}
	return ""
}
