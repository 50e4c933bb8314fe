// SPDX-License-Identifier: GPL-2.0-only

package session

import (
	"slices"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// markKey names a walker, by its index, in a mode.
type markKey struct {
	mode   verdict.Mode
	walker int
}

// A Mark is a verdict at a step, or NoPoint.
type Mark int8

// NoPoint marks a step that is not a point of a mode.
const NoPoint Mark = -1

// Verdict returns the mark's verdict, if the step is a point.
func (m Mark) Verdict() (v verdict.Verdict, ok bool) { return verdict.Verdict(m), m != NoPoint }

// Letter is the verdict's letter, a blank for NoPoint.
func (m Mark) Letter() byte {
	if m == NoPoint {
		return ' '
	}
	return verdict.Verdict(m).Letter()
}

// Marks returns the verdicts of a walker in one mode at all steps. They are computed once.
func (s *Session) Marks(m verdict.Mode, walker int) []Mark {
	key := markKey{m, walker}
	if s.marks[key] == nil {
		s.marks[key] = s.mark(m, walker)
	}
	return s.marks[key]
}

func (s *Session) mark(m verdict.Mode, walker int) []Mark {
	marks := slices.Repeat([]Mark{NoPoint}, s.Len())
	cursor := s.Recording.Cursor()
	prober := sweep.NewProber(s.Run, s.found, cursor.Memory(), s.Walkers[walker:walker+1])
	for step := range marks {
		prober.Seek(step)
		if (m != verdict.Pairs || s.isPair(prober, step, 0)) && prober.Prepare(m, cursor, s.transferAt(step)) {
			marks[step] = Mark(prober.Walk(0))
		}
		cursor.Next()
	}
	_ = prober.Close() // a walker that can't do its work has no marks but refusals; Close of the session says why
	return marks
}
