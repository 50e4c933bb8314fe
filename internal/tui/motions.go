// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/inspect"
)

// A motion goes elsewhere in the run. None changes the session unless it finds a step.

func stepBy(n int) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		switch to := m.step + n; {
		case to < 0:
			m.complain("this is the start of the run")
		case to > m.in.Len():
			m.complain("this is the end of the run")
		default:
			m.move(to)
		}
		return nil
	}
}

// to moves to what was found.
func (m *Model) to(step int, found bool, none string) tea.Cmd {
	if !found {
		m.complain(none)
		return nil
	}
	m.move(step)
	return nil
}

func over(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		step, ok := m.in.Over(m.step, d)
		return m.to(step, ok, "nothing further in this function or its callers")
	}
}

func out(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		step, ok := m.in.Out(m.step, d)
		return m.to(step, ok, "this function has no caller")
	}
}

func call(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		step, ok := m.in.Call(m.step, d)
		return m.to(step, ok, fmt.Sprintf("no call %s", whither(d)))
	}
}

func failing(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		step, ok := m.in.Failing(m.mode, m.step, d)
		return m.to(step, ok, fmt.Sprintf("no failing point %s in mode %s", whither(d), m.mode))
	}
}

func window(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		step, ok := m.in.FailingWindow(m.mode, m.step, d)
		return m.to(step, ok, fmt.Sprintf("no failing window begins %s in mode %s", whither(d), m.mode))
	}
}

func whither(d inspect.Direction) string {
	if d == inspect.Forwards {
		return "further on"
	}
	return "before this"
}

func toStart(m *Model) tea.Cmd { m.move(0); return nil }

func toEnd(m *Model) tea.Cmd { m.move(m.in.Len()); return nil }

func searchAgain(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		if m.search == "" {
			return ask(promptSearch)(m)
		}
		step, ok := m.in.Search(m.search, m.step, d)
		return m.to(step, ok, fmt.Sprintf("%q is not executed %s", m.search, whither(d)))
	}
}

// change goes to where the watched word has just changed.
func change(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		if m.watch == nil {
			return ask(promptWatch)(m)
		}
		c, ok := m.in.Change(*m.watch, m.step, d)
		if !ok {
			m.complain(fmt.Sprintf("%s doesn't change %s", m.watch.Name, whither(d)))
			return nil
		}
		m.move(c.Step + 1)
		m.say("%s: %#x → %#x by %s", m.watch.Name, c.Old, c.New, m.in.Name(m.in.Recording.PC(c.Step)))
		return nil
	}
}
