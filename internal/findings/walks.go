// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"slices"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// walks are counts of what a walker got.
type walks struct {
	Points, Exact, Refused int
	Warnings               int
	left                   int // of the points: unsound, and left out of what is counted as answered
}

// walksIn counts those of a summary.
func walksIn(s *sweep.Summary) walks {
	return walks{Points: s.Points, Exact: s.Counts[verdict.Exact], Refused: s.Counts[verdict.Refused],
		Warnings: s.Warnings}
}

// answered is how many walks called themselves reliable.
func (w walks) answered() int { return w.Points - w.Refused - w.left }

// unsound is how many of those had other frames than the truth.
func (w walks) unsound() int { return w.answered() - w.Exact }

// Unsound says how many of the answered walks are unsound.
func (w walks) Unsound() string { return ofAnswered(w.unsound(), w.answered()) }

// plus adds up.
func (w walks) plus(o walks) walks {
	return walks{w.Points + o.Points, w.Exact + o.Exact, w.Refused + o.Refused, w.Warnings + o.Warnings,
		w.left + o.left}
}

// walksOf counts the walks of a walker in some modes. Unsound ones at the calls of ftrace_caller at traced entries, in
// which no walk can start, are not counted as answered.
func walksOf(results []*sweep.RunResult, walker string, modes ...verdict.Mode) (n walks) {
	for _, r := range results {
		for i := range r.Summaries {
			if s := &r.Summaries[i]; s.Walker == walker && slices.Contains(modes, s.Mode) {
				n = n.plus(walksIn(s))
			}
		}
		for i := range r.Windows {
			w := &r.Windows[i]
			if w.Walker == walker && slices.Contains(modes, w.Mode) && !w.Verdict.Conforming() && w.TracerCall {
				n.left += w.Points
			}
		}
	}
	return n
}
