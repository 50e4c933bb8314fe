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

// Text writes a report for a person: in full, it is a matrix of scenarios and walkers, then every unsound window.
type Text struct {
	Detail Detail
	Color  bool // for a terminal

	w       io.Writer
	walkers []registry.Spec
	modes   []verdict.Mode

	// Flags are those that a command needs to find a scenario, each with a blank before it; nil if it needs none.
	Flags flagsFunc

	rows      []string // of the matrix
	summaries []row    // of the brief one
	untaken   int
	noEntry   int
	failed    []string // targets of which nothing is known
	taken     []string // what there is to say about exceptions that were taken, recordings, and results in part
	groups    []group
	points    int
}

// NewText returns a report writer for a sweep with these walkers and modes.
func NewText(w io.Writer, walkers []registry.Spec, modes []verdict.Mode) *Text {
	return &Text{w: w, walkers: walkers, modes: modes}
}

// Result implements [Writer].
func (t *Text) Result(r *sweep.RunResult) error {
	t.note(r)
	if r.Failed != "" {
		t.failed = append(t.failed, fmt.Sprintf("FAILED  %s:%s: %s", r.Scenario, r.Variant, r.Failed))
		return nil
	}
	for _, m := range t.modes {
		row := fmt.Sprintf("%s:%s\t%s", r.Scenario, r.Variant, m)
		points := 0
		var cells strings.Builder
		for _, w := range t.walkers {
			s, _ := find(r.Summaries, w.Name, m)
			points = max(points, s.Points)
			t.points += s.Points
			if _, absent := r.Absent[w.Name]; absent {
				cells.WriteString("\tn/a")
				continue
			}
			fmt.Fprintf(&cells, "\t%s", cell(s))
		}
		if points > 0 {
			t.rows = append(t.rows, fmt.Sprintf("%s\t%d%s%s", row, points, partialMark(r), &cells))
		}
	}
	if r.Origin != "" {
		t.taken = append(t.taken, fmt.Sprintf("RECORDED  %s:%s: of %s, whose expectations hold", r.Scenario,
			r.Variant, r.Origin))
	}
	if r.Unfinished != "" {
		t.taken = append(t.taken, fmt.Sprintf("PARTIAL  %s:%s: the recording breaks off after %d steps: %s", r.Scenario,
			r.Variant, r.Judged, r.Unfinished))
	}
	if r.Partial {
		t.taken = append(t.taken, fmt.Sprintf("PARTIAL  %s:%s: interrupted when %d of its %d instructions were judged",
			r.Scenario, r.Variant, r.Judged, r.Steps))
	}
	t.deviations(r)
	t.groups = append(t.groups, groups(r)...)
	return nil
}

// partialMark follows a number that isn't that of all points, because the sweep was interrupted, or the recording was.
func partialMark(r *sweep.RunResult) string {
	if r.IsPartial() {
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
	known, unexpected := t.windows()
	switch t.Detail {
	case Full:
		if err := t.full(stale); err != nil {
			return err
		}
	case Brief:
		t.brief(stale)
		t.again(unexpected)
	}
	partial := strings.Join(t.failed, "\n")
	if len(t.failed) > 0 {
		partial += "\n"
	}
	if cut != nil {
		partial += fmt.Sprintf("PARTIAL  the sweep was %v\n", cut)
	}
	if t.Detail != Quiet {
		partial = "\n" + partial
	}
	result := fmt.Sprintf("%d walks; unsound windows: %d known, %d unexpected; %d expectations no longer hold.",
		t.points, known, unexpected, len(stale))
	if len(t.failed) > 0 {
		result = strings.TrimSuffix(result, ".") + fmt.Sprintf("; %d not swept.", len(t.failed))
	}
	c := green
	if unexpected > 0 || len(stale) > 0 || len(t.failed) > 0 {
		c = red
	}
	_, err := fmt.Fprintf(t.w, "%s%s\n", partial, t.paint(c, result))
	return err
}

// windows counts the unsound windows, those of each walker: the known ones, and those that are not as expected.
func (t *Text) windows() (known, unexpected int) {
	for i := range t.groups {
		g := &t.groups[i]
		for j := range g.windows {
			if g.windows[j].Regression {
				unexpected += len(g.walkers)
			} else {
				known += len(g.walkers)
			}
		}
	}
	return known, unexpected
}

// full prints everything.
func (t *Text) full(stale []verdict.Expectation) error {
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
	fmt.Fprintf(t.w, "\nA bare number counts exact walks; a letter marks others: %s.\n(n WARN): during n walks the "+
		"kernel would have printed a warning.\n", strings.TrimPrefix(verdict.Legend, ". exact  "))
	t.unsound()
	t.notes()
	t.stale(stale)
	return nil
}

// notes prints what there is to say about exceptions that were taken, and about results in part.
func (t *Text) notes() {
	for _, line := range t.taken {
		fmt.Fprintln(t.w, line)
	}
}

func (t *Text) stale(stale []verdict.Expectation) {
	for _, e := range stale {
		fmt.Fprintf(t.w, "XPASS  %s\n", tellStale(&e))
	}
}
