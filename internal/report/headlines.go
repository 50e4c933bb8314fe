// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"cmp"
	"slices"

	"stacksweep/sweep/verdict"
)

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

// soundest returns the walker, of those that a group has, with the fewest unsound walks, or the first that has hardly
// more: what it gets wrong tells most.
func (t *Text) soundest(names []string) string {
	unsound := map[string]int{}
	for i := range t.summaries {
		s := &t.summaries[i]
		unsound[s.Walker] += s.Points - s.Counts[verdict.Exact] - s.Counts[verdict.Refused]
	}
	best := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(unsound[a], unsound[b]) })
	return names[slices.IndexFunc(names, func(name string) bool {
		return unsound[name] <= unsound[best]+unsound[best]/10
	})]
}
