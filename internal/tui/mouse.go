// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	tea "charm.land/bubbletea/v2"
)

// wheelRows is how far a notch of the wheel scrolls.
const wheelRows = 3

// scrolled is how many rows the panes are away from where they would be by themselves.
type scrolled struct{ code, walks, stack, lists int }

// scrollFrom returns the first of n rows to show: the wanted one and what was scrolled since, as far as there are rows.
// What was scrolled beyond is forgotten.
func (m *Model) scrollFrom(by *int, want, n, room int) int {
	last := max(0, n-room)
	want = max(0, min(want, last))
	from := max(0, min(want+*by, last))
	*by = from - want
	return from
}

// wheel scrolls the pane under the mouse, or moves in a menu.
func (m *Model) wheel(msg tea.MouseWheelMsg) {
	by := wheelRows
	switch msg.Button {
	case tea.MouseWheelUp:
		by = -by
	case tea.MouseWheelDown:
	default:
		return
	}
	if m.menu != nil {
		menu := *m.menu
		menu.move(by)
		m.menu = &menu
		return
	}
	if pane := m.paneAt(msg.X, msg.Y); pane != nil {
		*pane += by
		m.screen() // which forgets what is beyond the end
	}
}

// paneAt returns what is scrolled in the pane at a place of the screen, nil if nothing is.
func (m *Model) paneAt(x, y int) *int {
	f := m.frame()
	row := y - 1 // after the title
	switch {
	case m.help || m.prompt != nil || row < 0 || row >= f.above+f.below:
		return nil
	case row < f.above && x < f.left:
		return &m.scrolled.code
	case row < f.above:
		return &m.scrolled.walks
	case m.zoom == zoomStack, m.zoom == zoomNone && x < f.left:
		return &m.scrolled.stack
	case m.zoom == zoomLists, m.zoom == zoomNone && row >= f.above+f.below-f.lists:
		return &m.scrolled.lists
	}
	return nil
}

// click puts the cursor on the instruction under the mouse, or chooses in a menu.
func (m *Model) click(msg tea.MouseClickMsg) {
	if msg.Button != tea.MouseLeft || m.help || m.prompt != nil {
		return
	}
	const head = 2 // the title of the screen and that of the pane
	row := msg.Y - head
	if m.menu != nil {
		menu := *m.menu
		menu.click(row, m.height-head-2)
		m.menu = &menu
		return
	}
	f := m.frame()
	if m.showSource || row < 0 || row >= f.above-1 || msg.X >= f.left {
		return
	}
	if at := m.codeFrom(f.above-1) + row; at < len(m.look.code) {
		m.setCursor(m.look.code[at].PC)
	}
}
