// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// The smallest terminal that has room for all panes.
const minWidth, minHeight = 80, 24

// tall is the height of the panes from which on there is room to spare.
const tall = 30

// A zoom is the choice of what fills the lower half of the screen.
type zoom uint8

const (
	zoomNone zoom = iota
	zoomRegisters
	zoomStack
	zoomLists
	zooms
)

func nextZoom(m *Model) tea.Cmd {
	m.zoom = (m.zoom + 1) % zooms
	return nil
}

// View implements [tea.Model].
func (m Model) View() tea.View {
	lines := m.screen()
	v := tea.NewView(m.theme.render(lines))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "stacksweep " + m.point().String()
	if m.prompt != nil && len(lines) > 1 {
		v.Cursor = tea.NewCursor(lines[len(lines)-2].width(), len(lines)-2)
	}
	return v
}

// screen draws everything: the title, the panes, a line for messages and a line of hints.
func (m *Model) screen() []line {
	if m.width < minWidth || m.height < minHeight {
		return []line{
			text(plain, fmt.Sprintf("This terminal has %d columns and %d rows;", m.width, m.height)),
			text(plain, fmt.Sprintf("%d and %d are needed. q quits.", minWidth, minHeight)),
		}
	}
	lines := []line{m.titleBar().fit(m.width)}
	body := m.height - 3
	var box []line
	if m.tour != nil && m.menu == nil && !m.help {
		box = m.tour.box(m.width)
		body -= len(box)
	}
	switch {
	case m.menu != nil:
		lines = append(lines, m.menu.screen(m.width, body)...)
	case m.help:
		lines = append(lines, helpScreen(m.width, body)...)
	default:
		lines = append(lines, m.panes(m.width, body)...)
	}
	lines = append(lines, box...)
	return append(lines, m.messageLine(), m.hints().fit(m.width))
}

// A frame says where the panes are.
type frame struct {
	left, right  int // columns of the panes next to each other
	above, below int // rows: code and walks, and the machine's state
	lists        int // rows of the lists, of those below
}

// frame divides the screen between title and messages.
func (m *Model) frame() frame {
	h := m.height - 3
	if m.tour != nil && m.menu == nil && !m.help {
		h -= len(m.tour.box(m.width))
	}
	return m.divide(m.width, h)
}

func (m *Model) divide(w, h int) frame {
	f := frame{left: max(38, w*38/100)}
	f.right = w - f.left - 1
	f.below = h / 2
	if h < tall {
		f.below = h * 2 / 5 // code and walks need the room more
	}
	if m.zoom == zoomRegisters {
		f.below = min(h-6, len(m.look.registers)/max(1, w/gridColumn)+2)
	}
	f.above = h - f.below
	f.lists = max(4, min(1+len(m.look.shadow)+len(m.look.probes), f.below/3))
	return f
}

// panes arranges the panes: code and walks above, the machine's state below.
func (m *Model) panes(w, h int) []line {
	f := m.divide(w, h)
	code := m.codePane
	if m.showSource {
		code = m.sourcePane
	}
	lines := sideBySide(code(f.left, f.above), m.walksPane(f.right, f.above))
	switch m.zoom {
	case zoomRegisters:
		return append(lines, m.registersPane(w, f.below)...)
	case zoomStack:
		return append(lines, m.stackPane(w, f.below)...)
	case zoomLists:
		return append(lines, m.listsPane(w, f.below)...)
	}
	state := append(m.registersPane(f.right, f.below-f.lists), m.listsPane(f.right, f.lists)...)
	return append(lines, sideBySide(m.stackPane(f.left, f.below), state)...)
}

func (m *Model) titleBar() line {
	l := m.look
	parts := []string{fmt.Sprintf(" %s of %d", m.point(), l.steps), m.mode.String()}
	if l.masked {
		parts = append(parts, "masked")
	}
	for i := range l.walks {
		parts = append(parts, fmt.Sprintf("%s %s", l.walks[i].Walker, verdictWord(l.walks[i].Verdict)))
	}
	return text(bar, pad(strings.Join(append(parts, l.place), "  "), m.width))
}

// messageLine is what is being typed, or the last message, and the watched word.
func (m *Model) messageLine() line {
	var l line
	switch {
	case m.busy != "":
		l = text(faint, " "+m.busy)
	case m.prompt != nil:
		label := " " + promptLabels[m.prompt.kind]
		typed := []rune(m.prompt.text)
		room := m.width - len(label) - 1 // and the cursor
		return line{{label, title}, {string(typed[max(0, len(typed)-room):]), plain}}
	case m.alarm:
		l = text(bad, " "+m.notice)
	default:
		l = text(plain, " "+m.notice)
	}
	if m.watch == nil {
		return l.fit(m.width)
	}
	value := "gone"
	if m.look.watchable {
		value = fmt.Sprintf("%#x", m.look.watched)
	}
	watched := fmt.Sprintf(" %s = %s ", m.watch.Name, value)
	return append(l.fit(m.width-len(watched)), span{watched, changed})
}

func (m *Model) hints() line {
	switch {
	case m.prompt != nil && m.notice != "":
		return text(plain, " "+m.notice)
	case m.prompt != nil:
		return text(faint, " "+promptHints[m.prompt.kind])
	case m.hint != "":
		return text(plain, " "+m.hint)
	case m.tour != nil:
		return text(faint, " Enter next stop  Backspace previous  t leave the tour; other keys work as ever")
	}
	return text(faint, " n/p step  N/P failing  o over  u out  c call  g go  w/] watch  v source  ? help")
}
