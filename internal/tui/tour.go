// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
)

// TourScenario is the scenario that the guided tour leads through.
const TourScenario = "fgraph/return"

// A tour leads through a run, stop by stop. It is not changed once made; moving on makes a new one.
type tour struct {
	target verdict.Target // of all stops but the last
	stops  []stop
	at     int
}

// A stop is a point with something to say about it.
type stop struct {
	name, text string
	step       int
	sync       bool // in mode sync instead of irq
	last       bool // the mended variant, which is found when the stop is reached
}

func (s *stop) mode() verdict.Mode {
	if s.sync {
		return verdict.Sync
	}
	return verdict.IRQ
}

// toggleTour starts the tour in the present run, or ends it. One that was left goes on at its stop.
func toggleTour(m *Model) tea.Cmd {
	if m.tour != nil {
		m.tourLeft, m.tour = m.tour, nil
		return nil
	}
	if left := m.tourLeft; left != nil && left.target.Scenario == m.target.Scenario {
		return m.visit(left, left.at)
	}
	t, err := newTour(m.in, m.target)
	if err != nil {
		m.complain(err.Error())
		return nil
	}
	return m.visit(t, 0)
}

// tourKey does what a key means on a tour, if it means something there.
func (m *Model) tourKey(key string) (cmd tea.Cmd, used bool) {
	switch key {
	case "enter":
		if m.tour.at == len(m.tour.stops)-1 {
			m.say("that was the last stop; t leaves the tour, q quits")
			return nil, true
		}
		return m.visit(m.tour, m.tour.at+1), true
	case "backspace":
		return m.visit(m.tour, max(0, m.tour.at-1)), true
	}
	return nil, false
}

// visit goes to a stop.
func (m *Model) visit(t *tour, at int) tea.Cmd {
	next := *t
	next.at = at
	m.tour = &next
	s := next.stops[at]
	if s.last {
		return m.visitMend(next)
	}
	p := place{next.target, m.walkers, s.mode(), m.build}
	if m.place.same(p) && m.mode == s.mode() {
		m.move(s.step)
		return nil
	}
	return m.reopen(p, s.step)
}

// visitMend looks for the variant of the scenario that fails least, and goes to the place in it at which the others
// lose the caller. If there is no other variant the stop's own text says what a mend must do.
func (m *Model) visitMend(t tour) tea.Cmd {
	p := place{t.target, m.walkers, verdict.IRQ, m.build}
	m.busy = "looking for a mended variant …"
	return func() tea.Msg {
		last := t.stops[t.at]
		o, text, err := findMend(p)
		switch {
		case err != nil:
		case text != "":
			last.text = text
		default:
			o = opened{place: p, step: last.step}
			o.in, err = p.open()
		}
		t.stops = append(slices.Clone(t.stops[:t.at]), last)
		o.tour, o.err = &t, err
		return o
	}
}

// findMend opens the variants of a scenario and returns the one with the fewest failing points, and then the fewest
// refusals, where its handler has just been called; and what there is to say about it: nothing if there is no other
// variant.
func findMend(p place) (best opened, text string, err error) {
	var mainline, fewest misses
	for i, v := range variantsFrom(p.target) {
		o := opened{place: p}
		o.target.Variant = v.Name
		if o.in, err = o.open(); err != nil {
			return opened{}, "", err
		}
		n := count(&o)
		if i == 0 {
			mainline = n
			continue
		}
		e, err := findEvents(o.in)
		if err != nil || text != "" && !n.less(fewest) {
			continue // where nothing returns to a hook, nothing was mended
		}
		o.step = e.handler
		best, fewest = o, n
		text = fmt.Sprintf("Variant %s (%s): %d points of its run fail, against %d in %s. "+
			"This is the instruction at which the caller was lost; the walks next to the truth say what has "+
			"become of it.",
			v.Name, v.Doc, n.failing, mainline.failing, p.target.Variant)
	}
	return best, text, nil
}

// variantsFrom lists the variants of a scenario, that of the target first.
func variantsFrom(t verdict.Target) []scenarios.Variant {
	var first, others []scenarios.Variant
	for _, v := range t.Scenario.Variants {
		if v.Name == t.Variant {
			first = append(first, v)
		} else {
			others = append(others, v)
		}
	}
	return append(first, others...)
}

// misses are how often walks of a run were not exact.
type misses struct{ failing, refused int }

func (n misses) less(o misses) bool {
	return n.failing < o.failing || n.failing == o.failing && n.refused < o.refused
}

// count counts the points of all walkers.
func count(o *opened) (n misses) {
	for w := range o.walkers {
		for _, mark := range o.in.Marks(o.mode, w) {
			switch v, ok := mark.Verdict(); {
			case ok && !v.Conforming():
				n.failing++
			case ok && v != verdict.Exact:
				n.refused++
			}
		}
	}
	return n
}

// box is the text of the present stop, in as many rows as the longest one needs, so that the panes stay where they are.
func (t *tour) box(w int) []line {
	rows := 0
	for _, s := range t.stops {
		rows = max(rows, len(wrap(s.text, w-2)))
	}
	s := t.stops[t.at]
	var lines []line
	for _, words := range wrap(s.text, w-2) {
		lines = append(lines, text(plain, " "+words))
	}
	return block(fmt.Sprintf("tour %d of %d: %s", t.at+1, len(t.stops), s.name), w, rows+1, lines)
}
