// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"slices"
	"strings"

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

// brief prints what fits a screen.
func (t *Text) brief(stale []verdict.Expectation) {
	t.unexpected(stale)
	t.table(t.matrix())
	fmt.Fprintf(t.w, "\nunsound: the walk calls itself reliable and isn't; the columns after it say in which "+
		"scenarios.\n")
	all := t.headlines()
	if len(all) > 0 {
		fmt.Fprintf(t.w, "\nKnown unsound windows, the most telling of %d reasons:\n", len(all))
	}
	for _, h := range all[:min(len(all), mostHeadlines)] {
		walker := t.soundest(h.best.walkers)
		fmt.Fprintf(t.w, "  %s\n    %s of %s, e.g. %s: %s\n    %s\n",
			clip(h.reason, briefWidth), several(h.windows, "window"), several(len(h.walkers), "walker"),
			h.best.key.Mode, clip(h.window.String(), 80), showCommand(&h.window.Window, walker, t.Flags))
	}
	if t.untaken > 0 {
		fmt.Fprintf(t.w, "\n%s\n", tellUntaken(t.untaken))
	}
	if t.noEntry > 0 {
		fmt.Fprintf(t.w, "\n%s\n", tellNoEntry(t.noEntry))
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
				fmt.Fprintf(t.w, "  %s:%s  %s  %s  %s\n", g.key.Scenario, g.key.Variant, g.key.Mode,
					strings.Join(g.walkers, ", "), w)
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
