// SPDX-License-Identifier: GPL-2.0-only

package tui

import "fmt"

// stackPane shows the stack from SP upwards.
func (m *Model) stackPane(w, h int) []line {
	// Where the value is named, the name says more than the digits.
	const both = 64
	var lines []line
	for _, word := range m.look.stack[m.scrollFrom(&m.scrolled.stack, 0, len(m.look.stack), h-1):] {
		l := text(faint, fmt.Sprintf(" +%-4x ", word.Addr-m.look.sp))
		r := plain
		if word.Note == "" {
			r = faint
		}
		if word.Note == "" || w >= both {
			l.add(r, fmt.Sprintf("%016x ", word.Value))
		}
		l.add(r, word.Note)
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		lines = append(lines, text(faint, " nothing between SP and the end of the stack"))
	}
	return block(fmt.Sprintf("stack  sp %x", m.look.sp), w, h, lines)
}
