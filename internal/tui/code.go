// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"stacksweep/internal/inspect"
)

// codePane lists the function around the point, with a verdict of each walker before every instruction.
func (m *Model) codePane(w, h int) []line {
	l := m.look
	name := functionName(l.place)
	if l.source != "" {
		const frame = 6 // around and between the parts of the title
		source := path.Base(l.source)
		name = shorten(name, w-frame-len(source)) + "  " + source
	}
	room := h - 1
	from := m.codeFrom(room)
	var lines []line
	for i := from; i < min(len(l.code), from+room); i++ {
		lines = append(lines, m.codeLine(&l.code[i], w))
	}
	return block(name, w, h, lines)
}

// codeFrom is the first line of the listing that is shown. The point stands a third down: what comes next matters more
// than what was. The cursor is always to be seen.
func (m *Model) codeFrom(room int) int {
	l := m.look
	at := max(0, slices.IndexFunc(l.code, func(c inspect.CodeLine) bool { return c.Here }))
	want := at - room/3
	if cursor := l.at(m.cursor); m.cursor != 0 && cursor >= 0 {
		want = max(cursor-room+1, min(max(0, min(want, len(l.code)-room)), cursor))
	}
	return m.scrollFrom(&m.scrolled.code, want, len(l.code), room)
}

func (m *Model) codeLine(c *inspect.CodeLine, w int) line {
	var l line
	if m.breaks[c.PC] {
		l.add(bad, "●")
	} else {
		l.add(plain, " ")
	}
	for walker := range c.Marks {
		l.add(markSpan(c.Marks, walker))
	}
	r, pointer := plain, " "
	switch {
	case c.Here:
		r, pointer = here, ">"
	case c.PC == m.cursor:
		r, pointer = bar, "»"
	case c.Step < 0:
		r = faint // never executed
	}
	l.add(r, pointer)
	offset := fmt.Sprintf("%#x", c.PC)
	if i := strings.LastIndexByte(c.Symbol, '+'); i >= 0 {
		offset = c.Symbol[i:]
	}
	l.column(r, offset, 7)
	instruction := strings.TrimSuffix(c.Text, "+0x0")
	sourceColumn := l.width() + 40
	if c.Source == "" || w < sourceColumn+12 {
		l.add(r, instruction)
		return l
	}
	l.column(r, instruction, sourceColumn-l.width())
	l.add(faint, c.Source)
	return l
}
