// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// A binding is what keys do.
type binding struct {
	keys    []string
	run     func(*Model) tea.Cmd
	repeats bool // Enter does it again
	jumps   bool // Ctrl-O leads back
}

// A row of the help says what some bindings do.
type row struct {
	keys, doc string
	bindings  []binding
}

// A group of rows has a heading in the help.
type group struct {
	name string
	rows []row
}

// page is how many steps the page keys go.
const page = 20

// groups lists all keys, in the order of the help.
func groups() []group {
	const forwards, backwards = inspect.Forwards, inspect.Backwards
	move := func(run func(*Model) tea.Cmd, keys ...string) binding { return binding{keys, run, true, false} }
	jumpTo := func(run func(*Model) tea.Cmd, keys ...string) binding { return binding{keys, run, true, true} }
	do := func(run func(*Model) tea.Cmd, keys ...string) binding { return binding{keys, run, false, false} }
	return []group{
		{"Move", []row{
			{"n p → ← l h", "step, back",
				[]binding{move(stepBy(1), "n", "right", "space", "l"), move(stepBy(-1), "p", "left", "h")}},
			{"o O ↓ ↑ j k", "over a call, back",
				[]binding{move(over(forwards), "o", "down", "j"), move(over(backwards), "O", "up", "k")}},
			{"u U", "out; back, to the call", []binding{jumpTo(out(forwards), "u"), jumpTo(out(backwards), "U")}},
			{"c C", "next, previous call", []binding{move(call(forwards), "c"), move(call(backwards), "C")}},
			{"PgDn PgUp", "twenty steps, back",
				[]binding{move(stepBy(page), "pgdown", "ctrl+f"), move(stepBy(-page), "pgup", "ctrl+b")}},
			{"0 $", "start, end of the run",
				[]binding{{[]string{"home", "0"}, toStart, false, true}, {[]string{"end", "$"}, toEnd, false, true}}},
			{"10n 591G", "ten times; to step 591", []binding{{[]string{"G"}, toCount, false, true}}},
		}},
		{"Find", []row{
			{"N P", "next, previous failure",
				[]binding{jumpTo(failing(forwards), "N"), jumpTo(failing(backwards), "P")}},
			{"} {", "the same, by window", []binding{jumpTo(window(forwards), "}"), jumpTo(window(backwards), "{")}},
			{"g", "to a step, point, symbol", []binding{do(ask(promptGo), "g")}},
			{"/ f F", "search; again; back", []binding{do(ask(promptSearch), "/"), jumpTo(searchAgain(forwards), "f"),
				jumpTo(searchAgain(backwards), "F")}},
			{"w ] [", "watch memory; changes", []binding{do(ask(promptWatch), "w"), jumpTo(change(forwards), "]"),
				jumpTo(change(backwards), "[")}},
			{"J K click", "move the cursor",
				[]binding{do(moveCursor(1), "J", "shift+down"), do(moveCursor(-1), "K", "shift+up")}},
			{"r R", "run to the cursor, back",
				[]binding{jumpTo(toCursor(forwards), "r"), jumpTo(toCursor(backwards), "R")}},
			{"b B", "breakpoint here, by name", []binding{do(toggleBreakpoint, "b"), do(ask(promptBreak), "B")}},
			{"e E", "to a breakpoint, back",
				[]binding{jumpTo(toBreakpoint(forwards), "e"), jumpTo(toBreakpoint(backwards), "E")}},
			{"ma `a ``", "mark; to it; come back", []binding{do(setMark, "m"), do(toMark, "`", "'")}},
			{"Ctrl-O Tab", "where you were, forth", []binding{do(jump(-1), "ctrl+o"), do(jump(1), "tab", "ctrl+i")}},
		}},
		{"Choose", []row{
			{"s W i", "scenario, walkers, mode",
				[]binding{do(chooseScenario, "s"), do(chooseWalkers, "W"), do(chooseMode, "i")}},
			{"I", "an interrupt, in and out", []binding{{[]string{"I"}, toggleInterrupt, false, true}}},
			{"v", "source or instructions", []binding{do(toggleSource, "v")}},
			{"z wheel", "enlarge a pane, scroll", []binding{do(nextZoom, "z")}},
		}},
		{"Else", []row{
			{"y", "copy the point", []binding{do(yank, "y")}},
			{"Enter", "repeat the last motion", []binding{do(repeat, "enter")}},
			{"t", "guided tour", []binding{do(toggleTour, "t")}},
			{"Esc", "drop cursor and count", []binding{do(forget, "esc")}},
			{"? q", "this help; quit", []binding{
				do(func(m *Model) tea.Cmd {
					m.help = true
					return nil
				}, "?"), do(func(*Model) tea.Cmd { return tea.Quit }, "q"),
			}},
		}},
	}
}

// forget takes the cursor away, and what was scrolled.
func forget(m *Model) tea.Cmd {
	m.cursor, m.scrolled = 0, scrolled{}
	return nil
}

// findBinding returns what a key is bound to, or nil.
func findBinding(key string) *binding {
	for _, g := range groups() {
		for _, r := range g.rows {
			for i := range r.bindings {
				if slices.Contains(r.bindings[i].keys, key) {
					return &r.bindings[i]
				}
			}
		}
	}
	return nil
}

// repeat does the last motion again; before there is one, it is a step.
func repeat(m *Model) tea.Cmd {
	if m.again == nil {
		m.again = findBinding("n")
	}
	return m.again.run(m)
}

// helpScreen lists all keys, in as many columns as fit.
func helpScreen(w, h int) []line {
	const columnWidth = 40
	var all []line
	for _, g := range groups() {
		all = append(all, text(title, " "+g.name))
		for _, r := range g.rows {
			l := line{{"  ", plain}}
			l.column(here, r.keys, 13)
			l.add(plain, r.doc)
			all = append(all, l)
		}
	}
	columns := max(1, min(w/columnWidth, 3))
	rows := (len(all) + columns - 1) / columns
	lines := make([]line, rows)
	for i, l := range all {
		lines[i%rows] = append(lines[i%rows], l.fit(columnWidth-1)...)
	}
	lines = append(lines, text(faint, " verdicts: "+verdict.Legend))
	for _, l := range signs(w) {
		lines = append(lines, text(faint, l))
	}
	return block("keys; any key closes this", w, h, lines)
}

// signs explains what stands next to instructions, frames and lists, as shortly as the screen demands.
func signs(w int) []string {
	const wide = 115
	if w < wide {
		return []string{
			" code: > the point  » the cursor  ● a breakpoint     lists: +*- new changed gone",
			" = true  =pc =lr regs  =tab table  =fg =kp hook lists  ✗ lost  · unsaid  ◄ 1st",
		}
	}
	return []string{
		" code: > the point, » the cursor, ● a breakpoint; faint: never executed",
		" frames: = as the truth, found by a record, or =pc =lr the exception's, =tab a table, =fg =kp a return " +
			"hook's list;",
		"   ✗ lost: missing though the walk says reliable; ✗ more, +: not in the truth; · not said by a walk that " +
			"was refused;",
		"   ◄ the first difference",
		" lists and registers: + pushed, * changed, - popped by the last instruction",
	}
}
