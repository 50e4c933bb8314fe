// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/inspect"
)

// at returns the index of an instruction in the listing, -1 if it isn't there.
func (l *look) at(pc uint64) int {
	return slices.IndexFunc(l.code, func(c inspect.CodeLine) bool { return c.PC == pc })
}

// chosen is the instruction that the cursor is on; without a cursor it is that at the point.
func (m *Model) chosen() uint64 {
	if m.cursor != 0 {
		return m.cursor
	}
	return m.look.pc
}

// moveCursor moves the cursor in the listing.
func moveCursor(by int) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		at := m.look.at(m.chosen())
		to := max(0, min(at+by*m.times(), len(m.look.code)-1))
		switch {
		case at < 0:
			m.complain("there is no code here")
		case to == at:
			m.complain("the listing ends here")
		default:
			m.setCursor(m.look.code[to].PC)
		}
		return nil
	}
}

// setCursor puts the cursor on an instruction; on the one at the point there is none.
func (m *Model) setCursor(pc uint64) {
	m.cursor = pc
	if pc == m.look.pc {
		m.cursor = 0
	}
}

// toCursor runs until the instruction that the cursor is on is about to be executed.
func toCursor(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		if m.cursor == 0 {
			m.complain("no cursor: J and K move one in the code, and so does a click")
			return nil
		}
		to := m.cursor
		run := motion(func(m *Model, from int) (int, bool) { return m.in.Execution(to, from, d) },
			func(m *Model) string { return fmt.Sprintf("%s is not executed %s", m.look.name(to), whither(d)) })
		return run(m)
	}
}

// toggleBreakpoint sets a breakpoint at the cursor, or takes it away.
func toggleBreakpoint(m *Model) tea.Cmd {
	m.toggleAt(m.chosen())
	return nil
}

func (m *Model) toggleAt(pc uint64) {
	breaks := maps.Clone(m.breaks)
	if breaks == nil {
		breaks = map[uint64]bool{}
	}
	m.breaks = breaks
	if breaks[pc] {
		delete(breaks, pc)
		m.say("no breakpoint at %s any more; there are %d", m.addressName(pc), len(breaks))
		return
	}
	breaks[pc] = true
	m.say("breakpoint at %s; e and E run to it", m.addressName(pc))
}

// toBreakpoint runs to the next execution of an instruction with a breakpoint.
func toBreakpoint(d inspect.Direction) func(*Model) tea.Cmd {
	run := motion(func(m *Model, from int) (best int, found bool) {
		for pc := range m.breaks {
			if step, ok := m.in.Execution(pc, from, d); ok && (!found || (step-best)*int(d) < 0) {
				best, found = step, true
			}
		}
		return best, found
	}, func(*Model) string { return "no breakpoint is met " + whither(d) })
	return func(m *Model) tea.Cmd {
		if len(m.breaks) == 0 {
			m.complain("no breakpoint: b sets one here or at the cursor, B by name")
			return nil
		}
		return run(m)
	}
}
