// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A group is the unsound windows of a scenario in one mode, and the walkers that have exactly these.
type group struct {
	key     verdict.Key // with the first of the walkers
	partial string      // after its name
	walkers []string
	windows []namedWindow
}

// namedWindow is an unsound window, with its missing frame named.
type namedWindow struct {
	sweep.Window
	missing string
	why     string // the walk lost it, as far as the code tells
}

// same reports whether two windows differ in the walker at most.
func (w *namedWindow) same(o *namedWindow) bool {
	a, b := *w, *o
	a.Walker, b.Walker = "", ""
	a.Inside, b.Inside = 0, 0
	a.why, b.why = "", ""
	return a == b
}

// groups collects a result's unsound windows, and those that are otherwise not as expected.
func groups(r *sweep.RunResult) []group {
	var byWalker []group
	for _, w := range JoinEverywhere(r.Windows) {
		if !w.Regression && w.Excuse == nil {
			continue
		}
		named := namedWindow{Window: w}
		if w.Missing != 0 {
			named.missing = r.Symbols.Name(w.Missing)
			named.why = lostAt(r.Image, &w)
		}
		if n := len(byWalker); n == 0 || byWalker[n-1].key != w.Key {
			byWalker = append(byWalker, group{key: w.Key, partial: partialMark(r), walkers: []string{w.Walker}})
		}
		g := &byWalker[len(byWalker)-1]
		g.windows = append(g.windows, named)
	}
	var joined []group
	for _, g := range byWalker {
		i := slices.IndexFunc(joined, func(j group) bool {
			return j.key.Mode == g.key.Mode && slices.EqualFunc(j.windows, g.windows, func(a, b namedWindow) bool {
				return a.same(&b)
			})
		})
		if i < 0 {
			joined = append(joined, g)
			continue
		}
		joined[i].walkers = append(joined[i].walkers, g.walkers...)
	}
	return joined
}

// JoinEverywhere makes one window of all that meet an expectation which speaks of every function: naming them tells
// no one anything.
func JoinEverywhere(windows []sweep.Window) []sweep.Window {
	var all []sweep.Window
	for _, w := range windows {
		if w.Excuse != nil && w.Excuse.Everywhere() {
			w.Symbol, w.From, w.To, w.Missing, w.Inside = "", 0, 0, 0, 0
			if n := len(all); n > 0 && all[n-1].Key == w.Key && all[n-1].Excuse == w.Excuse &&
				all[n-1].Verdict == w.Verdict {
				all[n-1].Points += w.Points
				all[n-1].First = all[n-1].First.Min(w.First)
				continue
			}
		}
		all = append(all, w)
	}
	return all
}

// reasons numbers the reasons for which windows are known, so that each is said once.
type reasons []string

func (r *reasons) number(text string) int {
	n := slices.Index(*r, text)
	if n < 0 {
		n = len(*r)
		*r = append(*r, text)
	}
	return n + 1
}

// unsound lists the windows in which a walk claims to be reliable and isn't, or is otherwise not as expected, each with
// the command that opens one of its points with the first of the walkers. Why the known ones are known is said once,
// below.
func (t *Text) unsound() {
	var why reasons
	for i := range t.groups {
		t.group(t.w, &t.groups[i], &why)
	}
	for i, reason := range why {
		if i == 0 {
			fmt.Fprintln(t.w)
		}
		fmt.Fprintf(t.w, "(%d) %s\n", i+1, reason)
	}
}

func (t *Text) group(out io.Writer, g *group, why *reasons) {
	fmt.Fprintf(out, "\n%s:%s  %s%s  %s\n", g.key.Scenario, g.key.Variant, g.key.Mode, g.partial,
		strings.Join(g.walkers, ", "))
	for i := range g.windows {
		w := &g.windows[i]
		status := fmt.Sprintf("%-10s", "unexpected")
		if w.Regression {
			status = t.paint(red, status)
		} else {
			status = fmt.Sprintf("%-10s", fmt.Sprintf("known (%d)", why.number(w.Excuse.Reason)))
		}
		missing := ""
		if w.missing != "" {
			missing = "missing " + w.missing
		}
		fmt.Fprintf(out, "  %-8s %-36s %6d points  %-32s %s  %s\n",
			w.Verdict, rangeOf(&w.Window), w.Points, missing, status, showCommand(&w.Window, g.walkers[0], t.Flags))
		if w.why != "" {
			fmt.Fprintf(out, "           %s\n", w.why)
		}
	}
}

// rangeOf names the instructions of a window.
func rangeOf(w *sweep.Window) string {
	if w.Symbol == "" {
		return "(anywhere)"
	}
	return w.Place()
}
