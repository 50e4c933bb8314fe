// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// A binding is what keys do.
type binding struct {
	keys    []string
	doc     string
	run     func(*Model) tea.Cmd
	repeats bool // Enter does it again
}

// A group of bindings has a heading in the help.
type group struct {
	name     string
	bindings []binding
}

// groups lists all keys, in the order of the help.
func groups() []group {
	const forwards, backwards = inspect.Forwards, inspect.Backwards
	return []group{
		{"Move", []binding{
			{[]string{"n", "right", "space"}, "step", stepBy(1), true},
			{[]string{"p", "left"}, "step back", stepBy(-1), true},
			{[]string{"o", "down"}, "over a call", over(forwards), true},
			{[]string{"O", "up"}, "back over a call", over(backwards), true},
			{[]string{"u"}, "out of the function", out(forwards), true},
			{[]string{"U"}, "back out, to the call", out(backwards), true},
			{[]string{"c"}, "next call", call(forwards), true},
			{[]string{"C"}, "previous call", call(backwards), true},
			{[]string{"home", "0"}, "start of the run", toStart, false},
			{[]string{"end", "$"}, "end of the run", toEnd, false},
		}},
		{"Find", []binding{
			{[]string{"N"}, "next failing point", failing(forwards), true},
			{[]string{"P"}, "previous failing point", failing(backwards), true},
			{[]string{"}"}, "next failing window", window(forwards), true},
			{[]string{"{"}, "previous failing window", window(backwards), true},
			{[]string{"g"}, "go to step, point, symbol", ask(promptGo), false},
			{[]string{"/"}, "search in the code", ask(promptSearch), false},
			{[]string{"f"}, "search again", searchAgain(forwards), true},
			{[]string{"F"}, "search backwards", searchAgain(backwards), true},
			{[]string{"w"}, "choose a memory word", ask(promptWatch), false},
			{[]string{"m"}, "where it changes next", change(forwards), true},
			{[]string{"M"}, "where it changed before", change(backwards), true},
		}},
		{"Choose", []binding{
			{[]string{"s"}, "scenario and variant", chooseScenario, false},
			{[]string{"k"}, "walkers", chooseWalkers, false},
			{[]string{"i"}, "mode", chooseMode, false},
			{[]string{"tab"}, "enlarge another pane", nextZoom, false},
		}},
		{"Else", []binding{
			{[]string{"y"}, "copy the point", yank, false},
			{[]string{"enter"}, "repeat the last motion", repeat, false},
			{[]string{"t"}, "guided tour, on and off", toggleTour, false},
			{[]string{"?"}, "this help", func(m *Model) tea.Cmd { m.help = true; return nil }, false},
			{[]string{"q"}, "quit", func(*Model) tea.Cmd { return tea.Quit }, false},
		}},
	}
}

// findBinding returns what a key is bound to, or nil.
func findBinding(key string) *binding {
	for _, g := range groups() {
		for i := range g.bindings {
			if slices.Contains(g.bindings[i].keys, key) {
				return &g.bindings[i]
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
		for _, b := range g.bindings {
			l := line{{"  ", plain}}
			l.column(here, strings.Join(b.keys, " "), 14)
			l.add(plain, b.doc)
			all = append(all, l)
		}
	}
	columns := max(1, min(w/columnWidth, 3))
	rows := (len(all) + columns - 1) / columns
	lines := make([]line, rows)
	for i, l := range all {
		lines[i%rows] = append(lines[i%rows], l.fit(columnWidth-1)...)
	}
	lines = append(lines, line{}, text(faint, " verdicts: "+verdict.Legend))
	for _, l := range signs(w) {
		lines = append(lines, text(faint, l))
	}
	return block("keys; any key closes this", w, h, lines)
}

// signs explains what stands next to frames and lists, as shortly as the screen demands.
func signs(w int) []string {
	const wide = 115
	if w < wide {
		return []string{" = true  =pc =lr regs  =tab table  =fg =kp hook lists  ✗ lost  · unsaid  +*- new"}
	}
	return []string{
		" frames: = as the truth, found by a record, or =pc =lr the exception's, =tab a table, =fg =kp a return hook's list;",
		"   ✗ lost: missing though the walk says reliable; · not reported by a walk that was refused; ◄ the first difference",
		" lists and registers: + pushed, * changed, - popped by the last instruction; > the point",
	}
}
