// SPDX-License-Identifier: GPL-2.0-only

// Package report writes what a sweep found: as text for a person, as JSON lines for a program, and in the test formats
// of the kernel (KTAP) and of CI systems (JUnit, GitHub).
//
// A report is deterministic: the same sweep writes the same bytes.
package report

import (
	"slices"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A Writer writes a report.
type Writer interface {
	// Result is called for every target, in order.
	Result(r *sweep.RunResult) error
	// Close is called once, after the last target, with the expectations that nothing met any more, and, if the sweep
	// was interrupted, what of it there is.
	Close(stale []verdict.Expectation, cut *sweep.Interrupted) error
}

// Several are reports on the same sweep.
type Several []Writer

// Points hands points of a target to the reports that list points. It comes before the target's Result.
func (all Several) Points(s *sweep.Subject, points []sweep.Point) error {
	for _, w := range all {
		if lister, ok := w.(interface {
			Points(*sweep.Subject, []sweep.Point) error
		}); ok {
			if err := lister.Points(s, points); err != nil {
				return err
			}
		}
	}
	return nil
}

// Failed tells the reports that have a way to say so of a target that couldn't be swept. It comes instead of its
// Result.
func (all Several) Failed(t verdict.Target, why error) error {
	for _, w := range all {
		if f, ok := w.(interface {
			Failed(verdict.Target, error) error
		}); ok {
			if err := f.Failed(t, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// Result implements [Writer].
func (all Several) Result(r *sweep.RunResult) error {
	return all.each(func(w Writer) error { return w.Result(r) })
}

// Close implements [Writer].
func (all Several) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	return all.each(func(w Writer) error { return w.Close(stale, cut) })
}

func (all Several) each(do func(Writer) error) error {
	for _, w := range all {
		if err := do(w); err != nil {
			return err
		}
	}
	return nil
}

// cell is the summary of one walker in one mode, found by them.
func find(all []sweep.Summary, walker string, m verdict.Mode) (sweep.Summary, bool) {
	i := slices.IndexFunc(all, func(s sweep.Summary) bool { return s.Walker == walker && s.Mode == m })
	if i < 0 {
		return sweep.Summary{}, false
	}
	return all[i], true
}
