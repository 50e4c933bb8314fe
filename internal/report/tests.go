// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"slices"
	"strings"

	"stacksweep/internal/shell"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// An outcome is how a test ends for those who run others' tests: all windows of what is tested are judged together.
type outcome uint8

const (
	passed outcome = iota
	knownFailure
	failed
)

// outcomeOf judges windows, and lists the reasons for which those that are known are known, each once.
func outcomeOf(windows []sweep.Window) (o outcome, reasons []string) {
	for i := range windows {
		switch w := &windows[i]; {
		case w.Regression:
			o = failed
		case w.Excuse != nil:
			o = max(o, knownFailure)
			if !slices.Contains(reasons, w.Excuse.Reason) {
				reasons = append(reasons, w.Excuse.Reason)
			}
		}
	}
	return o, reasons
}

// worthTelling are the windows of a result that are known, or not as expected, and that meet a condition.
func worthTelling(r *sweep.RunResult, of func(*sweep.Window) bool) []sweep.Window {
	return slices.DeleteFunc(slices.Clone(r.Windows), func(w sweep.Window) bool {
		return !w.Regression && w.Excuse == nil || !of(&w)
	})
}

// tell describes a window in a line, with the command that opens it.
func tell(w *sweep.Window, r *sweep.RunResult, flags flagsFunc) string {
	missing := ""
	if w.Missing != 0 {
		missing = ", missing " + r.Symbols.Name(w.Missing)
	}
	return fmt.Sprintf("%s at %s, %d points%s: %s", w.Verdict, w.Place(), w.Points, missing,
		showCommand(w, w.Walker, flags))
}

// flagsFunc returns the flags that a command needs to find a scenario, each with a blank before it. It may be nil.
type flagsFunc func(scenario string) string

// showCommand is the command that opens a window's first point with a walker.
func showCommand(w *sweep.Window, walker string, flags flagsFunc) string {
	return ShowCommand(&w.Key, w.First, walker, flags)
}

// ShowCommand is the command, for a shell, that opens a point with walkers, comma-separated. flags returns the flags
// that it needs to find a scenario, each with a blank before it, and may be nil.
func ShowCommand(k *verdict.Key, at verdict.Position, walkers string, flags func(scenario string) string) string {
	f := ""
	if flags != nil {
		f = flags(k.Scenario)
	}
	return fmt.Sprintf("stacksweep show%s -mode %s -walker %s %s", f, k.Mode, shell.Quote(walkers), k.PointName(at))
}

// tellDeviation describes an exception that did not go as it must.
func tellDeviation(d *sweep.Deviation, r *sweep.RunResult) string {
	walker := ""
	if d.Walker != "" {
		walker = d.Walker + ": "
	}
	return fmt.Sprintf("%s  %s  %s  %s%s", r.PointName(d), d.Mode, r.Symbols.Name(d.PC), walker, d.What)
}

// tellStale describes an expectation that nothing meets any more.
func tellStale(e *verdict.Expectation) string {
	where := "the expectations"
	if e.File != "" {
		where = e.File
	}
	return fmt.Sprintf("line %d of %s is no longer met by any point: %s %s", e.Line, where, e.Verdict, e.Reason)
}

// oneLine makes a text fit for a format whose lines mean something.
func oneLine(s string) string { return strings.NewReplacer("\n", " ", "#", "").Replace(s) }
