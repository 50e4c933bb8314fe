// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"maps"

	tea "charm.land/bubbletea/v2"
)

// A location is where one has been: a step of a run, as some walkers see it, in a mode.
type location struct {
	place
	step int
}

func (l location) equal(o location) bool {
	return l.step == o.step && l.mode == o.mode && l.place.same(o.place)
}

func (m *Model) location() location { return location{m.place, m.step} }

// mostJumps is how many places are remembered.
const mostJumps = 100

// left remembers a place that a jump has led away from. What was newer is forgotten.
func (m *Model) left(from location) {
	if from.equal(m.location()) {
		return
	}
	list := append(m.jumps[:m.jumpAt:m.jumpAt], from)
	list = list[max(0, len(list)-mostJumps):]
	m.jumps, m.jumpAt = list, len(list)
}

// jump goes to places where one has been, backwards or forwards in the list.
func jump(by int) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		at := m.jumpAt + by*m.times()
		if by < 0 {
			at = max(0, at)
		}
		switch {
		case by < 0 && m.jumpAt == 0:
			m.complain("no older place")
			return nil
		case by > 0 && at >= len(m.jumps):
			m.complain("no newer place")
			return nil
		}
		if m.jumpAt == len(m.jumps) { // the newest place is this one
			m.jumps = append(m.jumps[:m.jumpAt:m.jumpAt], m.location())
		}
		m.jumpAt = at
		return m.revisit(m.jumps[at])
	}
}

// revisit goes to a place, and remembers nothing.
func (m *Model) revisit(to location) tea.Cmd {
	if to.place.same(m.place) && to.mode == m.mode {
		m.move(to.step)
		return nil
	}
	return m.reopen(to.place, to.step)
}

// setMark waits for a letter, which this place gets as its name.
func setMark(m *Model) tea.Cmd {
	m.say("mark this point as: a letter")
	m.pending = func(m *Model, key string) tea.Cmd {
		if !isLetter(key) {
			m.complain(fmt.Sprintf("%q is no letter", key))
			return nil
		}
		marks := maps.Clone(m.marks)
		if marks == nil {
			marks = map[string]location{}
		}
		marks[key] = m.location()
		m.marks = marks
		m.say("%s is %s; `%s leads here", key, m.point(), key)
		return nil
	}
	return nil
}

// toMark waits for a letter and goes to its place. The key itself, once more, means the place that one came from.
func toMark(m *Model) tea.Cmd {
	m.say("go to the mark: a letter, or ` for where you came from")
	m.pending = func(m *Model, key string) tea.Cmd {
		to, ok := m.marks[key]
		if key == "`" || key == "'" {
			if to, ok = m.cameFrom(); !ok {
				m.complain("no jump until now")
				return nil
			}
		}
		if !ok {
			m.complain(fmt.Sprintf("no mark %q; m sets one", key))
			return nil
		}
		from := m.location()
		cmd := m.revisit(to)
		if cmd == nil {
			m.left(from)
		} else {
			m.leaving = &from
		}
		return cmd
	}
	return nil
}

// cameFrom is the place that the last jump led away from.
func (m *Model) cameFrom() (location, bool) {
	if m.jumpAt == 0 {
		return location{}, false
	}
	return m.jumps[m.jumpAt-1], true
}

func isLetter(key string) bool {
	return len(key) == 1 && (key[0] >= 'a' && key[0] <= 'z' || key[0] >= 'A' && key[0] <= 'Z')
}
