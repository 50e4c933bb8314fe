// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A Detail says how much a text report shows.
type Detail uint8

const (
	Brief Detail = iota // what fits a screen: counts, what is unexpected, and the most telling of the known windows
	Full                // every scenario and every window
	Quiet               // the result alone
)

// The size of a brief report.
const (
	briefWidth     = 118 // columns
	mostColumns    = 9   // of unsound walks
	mostHeadlines  = 6   // known windows that are shown
	mostUnexpected = 10  // unexpected windows that are named again at the end
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
		for _, n := range append([]int{all.Points, all.Counts[verdict.Exact], all.Counts[verdict.Refused], bad}, unsound...) {
			line = append(line, count(n))
		}
		lines = append(lines, line)
	}
	return lines
}

// count shows a number, and nothing as a dot.
func count(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}

// table prints columns, the first one to the left and numbers to the right, those from unsound on marked if there are any.
func (t *Text) table(lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	const unsound = 4
	for n, line := range lines {
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", widths[0], line[0])
		for i, cell := range line[1:] {
			text := fmt.Sprintf(" %*s", widths[i+1], cell)
			if i+1 == unsound+1 {
				text = "  " + text
			}
			if n > 0 && cell != "." && i+1 >= unsound {
				text = t.paint(red, text)
			}
			b.WriteString(text)
		}
		fmt.Fprintln(t.w, strings.TrimRight(b.String(), " "))
	}
}

// A headline is what is known for one reason.
type headline struct {
	reason          string
	windows, points int
	walkers         []string
	best            *group // the group whose first window of the reason is shown
	window          *namedWindow
}

// modeRank orders modes by how much harm an unsound walk does: live patching walks tasks that are blocked, and the
// callers of the function that it is called from.
func modeRank(m verdict.Mode) int {
	return slices.Index([]verdict.Mode{verdict.Blocked, verdict.Sync, verdict.IRQ, verdict.NMI, verdict.Pairs}, m)
}

// headlines groups the known windows by reason, the most telling first.
func (t *Text) headlines() []*headline {
	var all []*headline
	for i := range t.groups {
		g := &t.groups[i]
		for j := range g.windows {
			w := &g.windows[j]
			if w.Regression {
				continue
			}
			at := slices.IndexFunc(all, func(h *headline) bool { return h.reason == w.Excuse.Reason })
			if at < 0 {
				at = len(all)
				all = append(all, &headline{reason: w.Excuse.Reason})
			}
			h := all[at]
			h.windows += len(g.walkers)
			h.points += w.Points * len(g.walkers)
			for _, name := range g.walkers {
				if !slices.Contains(h.walkers, name) {
					h.walkers = append(h.walkers, name)
				}
			}
			if h.best == nil || modeRank(g.key.Mode) < modeRank(h.best.key.Mode) {
				h.best, h.window = g, w
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *headline) int {
		return cmp.Or(
			cmp.Compare(min(len(b.walkers), 2), min(len(a.walkers), 2)), // what only one gets wrong comes last
			cmp.Compare(modeRank(a.best.key.Mode), modeRank(b.best.key.Mode)),
			cmp.Compare(b.points, a.points))
	})
	return all
}

// soundest returns the walker, of those that a group has, with the fewest unsound walks, or the first that has hardly more:
// what it gets wrong tells most.
func (t *Text) soundest(names []string) string {
	unsound := map[string]int{}
	for i := range t.summaries {
		s := &t.summaries[i]
		unsound[s.Walker] += s.Points - s.Counts[verdict.Exact] - s.Counts[verdict.Refused]
	}
	best := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(unsound[a], unsound[b]) })
	return names[slices.IndexFunc(names, func(name string) bool { return unsound[name] <= unsound[best]+unsound[best]/10 })]
}

// brief prints what fits a screen.
func (t *Text) brief(stale []verdict.Expectation) {
	t.unexpected(stale)
	t.table(t.matrix())
	fmt.Fprintf(t.w, "\nunsound: the walk calls itself reliable and isn't; the columns after it say in which scenarios.\n")
	all := t.headlines()
	if len(all) > 0 {
		fmt.Fprintf(t.w, "\nKnown unsound windows, the most telling of %d reasons:\n", len(all))
	}
	for _, h := range all[:min(len(all), mostHeadlines)] {
		walker := t.soundest(h.best.walkers)
		fmt.Fprintf(t.w, "  %s\n    %s of %s, e.g. %s: %s\n    %s\n",
			clip(h.reason, briefWidth), several(h.windows, "window"), several(len(h.walkers), "walker"), h.best.key.Mode, clip(h.window.String(), 80), showCommand(&h.window.Window, walker, t.Flags))
	}
	if t.untaken > 0 {
		fmt.Fprintf(t.w, "\n%d exceptions were overlaid, because there was no stack to take them on\n", t.untaken)
	}
	fmt.Fprintf(t.w, "\nMore: -v lists every scenario and window, 'stacksweep step POINT' opens a point.\n")
}

// unexpected prints what is not as expected, in full.
func (t *Text) unexpected(stale []verdict.Expectation) {
	var why reasons
	for i := range t.groups {
		g := t.groups[i]
		g.windows = slices.DeleteFunc(slices.Clone(g.windows), func(w namedWindow) bool { return !w.Regression })
		if len(g.windows) > 0 {
			t.group(t.w, &g, &why)
		}
	}
	t.notes()
	t.stale(stale)
	if slices.ContainsFunc(t.groups, func(g group) bool {
		return slices.ContainsFunc(g.windows, func(w namedWindow) bool { return w.Regression })
	}) || len(t.taken) > 0 || len(stale) > 0 {
		fmt.Fprintln(t.w)
	}
}

// again names once more what is not as expected, since much may have been printed after it.
func (t *Text) again(unexpected int) {
	if unexpected == 0 {
		return
	}
	fmt.Fprintln(t.w, t.paint(red, "\nUnexpected:"))
	shown := 0
	for i := range t.groups {
		g := &t.groups[i]
		for j := range g.windows {
			if w := &g.windows[j]; w.Regression && shown < mostUnexpected {
				shown++
				fmt.Fprintf(t.w, "  %s:%s  %s  %s  %s\n", g.key.Scenario, g.key.Variant, g.key.Mode, strings.Join(g.walkers, ", "), w)
			}
		}
	}
	if unexpected > shown {
		fmt.Fprintf(t.w, "  of %d windows, counted for each walker\n", unexpected)
	}
}

// String describes a window in a few words.
func (w *namedWindow) String() string {
	text := fmt.Sprintf("%s at %s", w.Verdict, rangeOf(&w.Window))
	if w.missing != "" {
		text += ", missing " + w.missing
	}
	return text
}

// several counts things in words.
func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// clip shortens a text to a width.
func clip(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

// A color is that of ANSI terminals (ECMA-48, SGR).
type color int

const (
	red   color = 31
	green color = 32
)

// paint colours a text, if the report is in colour.
func (t *Text) paint(c color, s string) string {
	if !t.Color {
		return s
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, s)
}
