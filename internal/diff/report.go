// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
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

// A TargetReport is about one target; Old or New is "" if that run doesn't have it, or Old if it couldn't sweep it.
type TargetReport struct {
	Old, New string
	Failed   string // why the new run couldn't sweep it; "" if it could
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
		if t.Failed != "" && t.Old != "" {
			return true
		}
		if slices.ContainsFunc(t.Changes, func(c Change) bool { return c.Fails }) {
			return true
		}
	}
	return false
}
