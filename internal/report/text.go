// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// Text writes a report for a person: a matrix of scenarios and walkers, then every unsound window.
type Text struct {
	w       io.Writer
	walkers []registry.Spec
	modes   []verdict.Mode

	// Flags are those that a command needs to find a scenario, each with a blank before it; nil if it needs none.
	Flags flagsFunc

	rows   []string // of the matrix
	taken  []string // what there is to say about exceptions that were taken, and about results in part
	groups []group
	points int
}

// NewText returns a report writer for a sweep with these walkers and modes.
func NewText(w io.Writer, walkers []registry.Spec, modes []verdict.Mode) *Text {
	return &Text{w: w, walkers: walkers, modes: modes}
}

// Result implements [Writer].
func (t *Text) Result(r *sweep.RunResult) error {
	for _, m := range t.modes {
		row := fmt.Sprintf("%s:%s\t%s", r.Scenario, r.Variant, m)
		points := 0
		var cells strings.Builder
		for _, w := range t.walkers {
			s, _ := find(r.Summaries, w.Name, m)
			points = s.Points
			t.points += s.Points
			fmt.Fprintf(&cells, "\t%s", cell(s))
		}
		if points > 0 {
			t.rows = append(t.rows, fmt.Sprintf("%s\t%d%s%s", row, points, partialMark(r), &cells))
		}
	}
	if r.Partial {
		t.taken = append(t.taken, fmt.Sprintf("PARTIAL  %s:%s: interrupted when %d of its %d instructions were judged", r.Scenario, r.Variant, r.Judged, r.Steps))
	}
	t.deviations(r)
	t.groups = append(t.groups, groups(r)...)
	return nil
}

// partialMark is what stands behind a number that isn't that of all points, because the sweep was interrupted.
func partialMark(r *sweep.RunResult) string {
	if r.Partial {
		return " partial"
	}
	return ""
}

// cell is one walker's verdicts: how many exact, then the others, each with its letter.
func cell(s sweep.Summary) string {
	if s.Points == 0 {
		return "-"
	}
	var parts []string
	for _, v := range verdict.Verdicts() {
		n := s.Counts[v]
		switch {
		case n == 0:
		case v == verdict.Exact:
			parts = append(parts, fmt.Sprint(n))
		default:
			parts = append(parts, fmt.Sprintf("%d%c", n, v.Letter()))
		}
	}
	if s.Warnings > 0 {
		parts = append(parts, fmt.Sprintf("(%d WARN)", s.Warnings))
	}
	return strings.Join(parts, " ")
}

// Close implements [Writer].
func (t *Text) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	tw := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "scenario\tmode\tpoints")
	for _, w := range t.walkers {
		fmt.Fprintf(tw, "\t%s", w.Name)
	}
	fmt.Fprintln(tw)
	for _, row := range t.rows {
		fmt.Fprintln(tw, row)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.w, "\nA plain number counts exact walks; a letter marks others: %s.\n(n WARN): during n walks the kernel would have printed a warning.\n", strings.TrimPrefix(verdict.Legend, ". exact  "))
	known, regressions := t.unsound()
	for _, line := range t.taken {
		fmt.Fprintln(t.w, line)
	}
	for _, e := range stale {
		fmt.Fprintf(t.w, "XPASS  %s\n", tellStale(&e))
	}
	partial := ""
	if cut != nil {
		partial = fmt.Sprintf("PARTIAL  the sweep was %v\n", cut)
	}
	_, err := fmt.Fprintf(t.w, "\n%s%d walks; unsound windows: %d known, %d regressions; %d expectations no longer hold.\n",
		partial, t.points, known, regressions, len(stale))
	return err
}
