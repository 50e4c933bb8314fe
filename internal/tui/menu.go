// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// A menu is a list to choose from.
type menu struct {
	name  string
	items []item
	at    int
	many  bool // more than one may be chosen

	filtering bool   // what is typed goes to filter
	filter    string // the cursor stands on items that contain this
	choose    func(m *Model, chosen []int) tea.Cmd
}

type item struct {
	label, doc string
	on         bool
}

// menuKey moves in the menu.
func (m *Model) menuKey(key string) tea.Cmd {
	menu := *m.menu // models share what they point at, so a changed menu is a new one
	menu.items = slices.Clone(menu.items)
	m.menu = &menu
	if menu.filtering {
		menu.filterKey(key)
		return nil
	}
	switch key {
	case "esc", "q":
		m.menu = nil
	case "up", "k", "p":
		menu.at = max(0, menu.at-1)
	case "down", "j", "n":
		menu.at = min(len(menu.items)-1, menu.at+1)
	case "pgup", "ctrl+b":
		menu.at = max(0, menu.at-menuPage)
	case "pgdown", "ctrl+f":
		menu.at = min(len(menu.items)-1, menu.at+menuPage)
	case "/":
		menu.filtering, menu.filter = true, ""
	case "home":
		menu.at = 0
	case "end":
		menu.at = len(menu.items) - 1
	case "space":
		if menu.many {
			menu.items[menu.at].on = !menu.items[menu.at].on
		}
	case "enter":
		m.menu = nil
		return menu.choose(m, menu.chosen())
	}
	return nil
}

// menuPage is how many items a page key passes.
const menuPage = 15

// filterKey edits the filter and goes to the next item that it fits.
func (n *menu) filterKey(key string) {
	switch {
	case key == "enter", key == "esc":
		n.filtering = false
		return
	case key == "backspace" && n.filter != "":
		n.filter = n.filter[:len(n.filter)-1]
	case len(key) == 1:
		n.filter += key
	}
	for i := range n.items {
		if at := (n.at + i) % len(n.items); strings.Contains(n.items[at].label, n.filter) {
			n.at = at
			return
		}
	}
}

// chosen lists what is on; of a menu for one thing, where the cursor is.
func (n *menu) chosen() []int {
	if !n.many {
		return []int{n.at}
	}
	var list []int
	for i := range n.items {
		if n.items[i].on {
			list = append(list, i)
		}
	}
	return list
}

func (n *menu) screen(w, h int) []line {
	const labelWidth = 30
	help := n.name + "; Enter takes, Esc leaves, / finds"
	if n.many {
		help = n.name + "; Space switches, Enter takes, Esc leaves"
	}
	if n.filtering {
		help = n.name + "; find: " + n.filter
	}
	var lines []line
	for i := scroll(len(n.items), h-1, n.at); i < len(n.items); i++ {
		it := n.items[i]
		l := text(plain, "   ")
		r := plain
		if i == n.at {
			l, r = text(here, " > "), here
		}
		if it.on {
			l.add(good, "* ")
		} else {
			l.add(plain, "  ")
		}
		l.column(r, it.label, labelWidth)
		l.add(faint, " "+it.doc)
		lines = append(lines, l)
	}
	return block(help, w, h, lines)
}

func chooseScenario(m *Model) tea.Cmd {
	var targets []verdict.Target
	list := &menu{name: "scenario"}
	for _, s := range m.catalog.Listed() {
		for _, v := range s.Variants {
			t := verdict.Target{Scenario: s, Variant: v.Name}
			doc := s.Doc
			if v.Doc != "" && len(s.Variants) > 1 {
				doc = v.Doc
			}
			if t == m.target {
				list.at = len(targets)
			}
			targets = append(targets, t)
			list.items = append(list.items, item{t.String(), doc, t == m.target})
		}
	}
	list.choose = func(m *Model, chosen []int) tea.Cmd {
		return m.sameElsewhere(targets[chosen[0]])
	}
	m.menu = list
	return nil
}

func chooseWalkers(m *Model) tea.Cmd {
	all := registry.All()
	list := &menu{name: "walkers", many: true}
	for _, w := range all {
		on := slices.ContainsFunc(m.walkers, func(have registry.Spec) bool { return have.Name == w.Name })
		list.items = append(list.items, item{w.Name, w.Doc, on})
	}
	list.choose = func(m *Model, chosen []int) tea.Cmd {
		if len(chosen) == 0 {
			m.complain("at least one walker is needed")
			return nil
		}
		var walkers []registry.Spec
		for _, i := range chosen {
			walkers = append(walkers, all[i])
		}
		return m.reopen(place{m.target, walkers, m.mode, m.build}, m.step)
	}
	m.menu = list
	return nil
}

func chooseMode(m *Model) tea.Cmd {
	list := &menu{name: "mode", at: int(m.mode)}
	for _, mode := range verdict.StepModes() {
		list.items = append(list.items, item{mode.String(), mode.Doc(), mode == m.mode})
	}
	list.choose = func(m *Model, chosen []int) tea.Cmd {
		return m.reopen(place{m.target, m.walkers, verdict.StepModes()[chosen[0]], m.build}, m.step)
	}
	m.menu = list
	return nil
}
