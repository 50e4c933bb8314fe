// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"path"
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
	at := 0
	for i := range l.code {
		if l.code[i].Here {
			at = i
		}
	}
	room := h - 1
	// The point stands a third down: what comes next matters more than what was.
	from := max(0, min(at-room/3, len(l.code)-room))
	var lines []line
	for i := from; i < min(len(l.code), from+room); i++ {
		lines = append(lines, m.codeLine(&l.code[i], w, i == at))
	}
	return block(name, w, h, lines)
}

func (m *Model) codeLine(c *inspect.CodeLine, w int, isHere bool) line {
	var l line
	l.add(plain, " ")
	for _, mark := range c.Marks {
		r := faint
		if v, ok := mark.Verdict(); ok {
			r = verdictRole(v)
		}
		l.add(r, string(mark.Letter()))
	}
	r, pointer := plain, " "
	switch {
	case isHere:
		r, pointer = here, ">"
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
