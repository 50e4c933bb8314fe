// Package report writes what a sweep found: as text for a person, or as JSON lines for a program.
//
// A report is deterministic: the same sweep writes the same bytes.
package report

import (
	"slices"

	"stacksweep/sweep"
)

// A Writer writes a report.
type Writer interface {
	// Result is called for every target, in order.
	Result(r *sweep.RunResult) error
	// Close is called once, after the last target, with the expectations that nothing met any more, and, if the sweep
	// was interrupted, what of it there is.
	Close(stale []sweep.Expectation, cut *sweep.Interrupted) error
}

// cell is the summary of one walker in one mode, found by them.
func find(all []sweep.Summary, walker string, m sweep.Mode) (sweep.Summary, bool) {
	i := slices.IndexFunc(all, func(s sweep.Summary) bool { return s.Walker == walker && s.Mode == m })
	if i < 0 {
		return sweep.Summary{}, false
	}
	return all[i], true
}
