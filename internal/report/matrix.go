// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// row is what one walker got in one target and mode.
type row struct {
	family, scenario, target, cell string
	sweep.Summary
}

// note collects what a brief report counts.
func (t *Text) note(r *sweep.RunResult) {
	target := r.Scenario + ":" + r.Variant
	family := path.Dir(r.Scenario)
	if family == "." {
		family = r.Scenario
	}
	for _, s := range r.Summaries {
		if s.Points > 0 {
			t.summaries = append(t.summaries, row{family, r.Scenario, target, target + " " + s.Mode.String(), s})
		}
	}
}

// columns finds the finest way to divide the unsound walks that has few enough columns.
func (t *Text) columns() (heads []string, of func(*row) string) {
	levels := []func(*row) string{
		func(r *row) string { return r.cell },
		func(r *row) string { return r.target },
		func(r *row) string { return r.scenario },
		func(r *row) string { return r.family },
		func(r *row) string { family, _, _ := strings.Cut(r.family, "/"); return family },
	}
	if !slices.ContainsFunc(t.summaries, func(r row) bool { return r.target != t.summaries[0].target }) {
		levels = []func(*row) string{func(r *row) string { return r.Mode.String() }}
	}
	for _, level := range levels {
		heads, of = nil, level
		width := 0
		for i := range t.summaries {
			if head := level(&t.summaries[i]); !slices.Contains(heads, head) {
				heads = append(heads, head)
				width += max(len(head), 6) + 1
			}
		}
		if len(heads) <= mostColumns && width <= briefWidth-48 {
			return heads, of
		}
	}
	return heads, of
}

// matrix is a line for each walker: its verdicts, then how many of its walks were unsound, where.
func (t *Text) matrix() [][]string {
	heads, of := t.columns()
	lines := [][]string{append([]string{"walker", "walks", "exact", "refused", "unsound"}, heads...)}
	for _, w := range t.walkers {
		var all sweep.Summary
		unsound := make([]int, len(heads))
		for i := range t.summaries {
			s := &t.summaries[i]
			if s.Walker != w.Name {
				continue
			}
			all.Points += s.Points
			for v, n := range s.Counts {
				all.Counts[v] += n
			}
			unsound[slices.Index(heads, of(s))] += s.Points - s.Counts[verdict.Exact] - s.Counts[verdict.Refused]
		}
		line := []string{w.Name}
		bad := all.Points - all.Counts[verdict.Exact] - all.Counts[verdict.Refused]
		for _, n := range append([]int{all.Points, all.Counts[verdict.Exact], all.Counts[verdict.Refused], bad},
			unsound...) {
			line = append(line, count(n))
		}
		lines = append(lines, line)
	}
	shorten(lines[0][5:])
	return lines
}

// headWidth is how wide the head of a column is where there are so many that the table wouldn't fit otherwise.
const headWidth = 9

// shorten clips the heads of many columns.
func shorten(heads []string) {
	if len(heads) < mostColumns {
		return
	}
	for i := range heads {
		heads[i] = clip(heads[i], headWidth)
	}
}

// count shows a number, and nothing as a dot.
func count(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}

// table prints columns, the first one to the left and numbers to the right, those from unsound on marked if there are
// any.
func (t *Text) table(lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	const unsound = 4
	for n, line := range lines {
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", widths[0], line[0])
		for i, cell := range line[1:] {
			text := fmt.Sprintf(" %*s", widths[i+1], cell)
			if n > 0 && cell != "." && i+1 >= unsound {
				text = t.paint(red, text)
			}
			b.WriteString(text)
		}
		fmt.Fprintln(t.w, strings.TrimRight(b.String(), " "))
	}
}
