// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A menu is a list to choose from.
type menu struct {
	name  string
	items []item
	at    int  // the item that the cursor is on
	many  bool // more than one may be chosen

	filtering bool   // what is typed goes to filter
	filter    string // only items that contain this are there
	choose    func(m *Model, chosen []int) tea.Cmd
}

type item struct {
	label, doc string
	on         bool
}

// fits reports whether an item is there.
func (n *menu) fits(i item) bool {
	filter := strings.ToLower(n.filter)
	return strings.Contains(strings.ToLower(i.label), filter) || strings.Contains(strings.ToLower(i.doc), filter)
}

// visible lists the items that the filter leaves.
func (n *menu) visible() (list []int) {
	for i := range n.items {
		if n.fits(n.items[i]) {
			list = append(list, i)
		}
	}
	return list
}

// menuPage is how many items a page key passes.
const menuPage = 15

// menuKey moves in the menu.
func (m *Model) menuKey(key tea.KeyPressMsg) tea.Cmd {
	menu := *m.menu // models share what they point at, so a changed menu is a new one
	menu.items = slices.Clone(menu.items)
	m.menu = &menu
	name := key.String()
	switch name {
	case "esc":
		if menu.filter == "" && !menu.filtering {
			m.menu = nil
		}
		menu.filtering, menu.filter = false, ""
		return nil
	case "enter":
		if len(menu.visible()) == 0 {
			return nil
		}
		m.menu = nil
		return menu.choose(m, menu.chosen())
	case "up":
		menu.move(-1)
	case "down":
		menu.move(1)
	case "pgup", "ctrl+b":
		menu.move(-menuPage)
	case "pgdown", "ctrl+f":
		menu.move(menuPage)
	case "home":
		menu.move(-len(menu.items))
	case "end":
		menu.move(len(menu.items))
	case "space":
		if menu.many && menu.fits(menu.items[menu.at]) {
			menu.items[menu.at].on = !menu.items[menu.at].on
		}
	default:
		if menu.filtering {
			menu.filterKey(key)
			return nil
		}
		return m.menuLetter(name)
	}
	return nil
}

// menuLetter does what letters mean while they aren't typed into the filter.
func (m *Model) menuLetter(name string) tea.Cmd {
	switch name {
	case "q":
		m.menu = nil
	case "k", "p":
		m.menu.move(-1)
	case "j", "n":
		m.menu.move(1)
	case "/":
		m.menu.filtering, m.menu.filter = true, ""
	}
	return nil
}

// move moves the cursor by so many of the visible items, to the first or the last one at most.
func (n *menu) move(by int) {
	list := n.visible()
	if len(list) == 0 {
		return
	}
	at := slices.Index(list, n.at)
	n.at = list[max(0, min(at+by, len(list)-1))]
}

// filterKey edits the filter. The cursor stays on its item, or goes to the next one that is left.
func (n *menu) filterKey(key tea.KeyPressMsg) {
	switch {
	case key.String() == "backspace":
		if r := []rune(n.filter); len(r) > 0 {
			n.filter = string(r[:len(r)-1])
		}
	default:
		n.filter += strings.TrimSpace(key.Text)
	}
	for i := range n.items {
		if at := (n.at + i) % len(n.items); n.fits(n.items[at]) {
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

// from is the first row that is shown of the visible items.
func (n *menu) from(list []int, room int) int {
	return scroll(len(list), room, slices.Index(list, n.at))
}

// click puts the cursor on the item in a row.
func (n *menu) click(row, room int) {
	list := n.visible()
	if i := n.from(list, room) + row; row >= 0 && i >= 0 && i < len(list) {
		n.at = list[i]
	}
}

func (n *menu) screen(w, h int) []line {
	const labelWidth = 30
	list := n.visible()
	help := n.name + "; Enter takes, Esc leaves, / filters"
	if n.many {
		help = n.name + "; Space switches, Enter takes, Esc leaves, / filters"
	}
	if n.filtering || n.filter != "" {
		help = fmt.Sprintf("%s; %d of %d with: %s", n.name, len(list), len(n.items), n.filter)
	}
	var lines []line
	for _, i := range list[n.from(list, h-1):] {
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
	if len(list) == 0 {
		lines = append(lines, text(faint, "   nothing; Esc shows all again"))
	}
	return block(help, w, h, lines)
}
