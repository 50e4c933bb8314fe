// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/inspect"
)

// A finder looks for the next step of a kind from a step on. It leaves the session where it is.
type finder func(m *Model, from int) (step int, ok bool)

// motion makes what a key does out of a finder: it goes to what is found, as often as the count says, or as far as it
// can.
func motion(find finder, none func(*Model) string) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		step, found := m.step, false
		for range m.times() {
			next, ok := find(m, step)
			if !ok {
				break
			}
			step, found = next, true
		}
		return m.to(step, found, none(m))
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

// says makes the words for when there is nothing.
func says(text string) func(*Model) string { return func(*Model) string { return text } }

func stepBy(n int) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		switch to := m.step + n*m.times(); {
		case n < 0 && m.step == 0:
			m.complain("this is the start of the run")
		case n > 0 && m.step == m.in.Len():
			m.complain("this is the end of the run")
		default:
			m.move(max(0, min(to, m.in.Len())))
		}
		return nil
	}
}

func over(d inspect.Direction) func(*Model) tea.Cmd {
	return motion(func(m *Model, from int) (int, bool) { return m.in.Over(from, d) },
		says("nothing further in this function or its callers"))
}

func out(d inspect.Direction) func(*Model) tea.Cmd {
	return motion(func(m *Model, from int) (int, bool) {
		return m.in.Out(from, d)
	}, says("this function has no caller"))
}

func call(d inspect.Direction) func(*Model) tea.Cmd {
	return motion(func(m *Model, from int) (int, bool) { return m.in.Call(from, d) }, says("no call "+whither(d)))
}

func failing(d inspect.Direction) func(*Model) tea.Cmd {
	return motion(func(m *Model, from int) (int, bool) { return m.in.Failing(m.mode, from, d) },
		func(m *Model) string { return fmt.Sprintf("no failing point %s in mode %s", whither(d), m.mode) })
}

func window(d inspect.Direction) func(*Model) tea.Cmd {
	return motion(func(m *Model, from int) (int, bool) { return m.in.FailingWindow(m.mode, from, d) },
		func(m *Model) string {
			return fmt.Sprintf("no failing window begins %s in mode %s", whither(d), m.mode)
		})
}

func whither(d inspect.Direction) string {
	if d == inspect.Forwards {
		return "further on"
	}
	return "before this"
}

func toStart(m *Model) tea.Cmd { m.move(0); return nil }

func toEnd(m *Model) tea.Cmd { m.move(m.in.Len()); return nil }

// toCount goes to the step that the count says, without one to the end.
func toCount(m *Model) tea.Cmd {
	if m.count == 0 {
		return toEnd(m)
	}
	return m.goTo(fmt.Sprint(m.count))
}

func searchAgain(d inspect.Direction) func(*Model) tea.Cmd {
	search := motion(func(m *Model, from int) (int, bool) { return m.in.Search(m.search, from, d) },
		func(m *Model) string { return fmt.Sprintf("%q is not executed %s", m.search, whither(d)) })
	return func(m *Model) tea.Cmd {
		if m.search == "" {
			return ask(promptSearch)(m)
		}
		return search(m)
	}
}

// change goes to where the watched word has just changed.
func change(d inspect.Direction) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		if m.watch == nil {
			return ask(promptWatch)(m)
		}
		var last inspect.Change
		step, found := m.step, false
		for range m.times() {
			c, ok := m.in.Change(*m.watch, step, d)
			if !ok {
				break
			}
			last, step, found = c, c.Step+1, true
		}
		if !found {
			m.complain(fmt.Sprintf("%s doesn't change %s", m.watch.Name, whither(d)))
			return nil
		}
		m.move(step)
		m.say("%s: %#x → %#x by %s", m.watch.Name, last.Old, last.New, m.in.Name(m.in.Recording.PC(last.Step)))
		return nil
	}
}
