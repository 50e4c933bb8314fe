// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
)

// several counts things in words.
func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// clip shortens a text to a width.
func clip(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

// A color is that of ANSI terminals (ECMA-48, SGR).
type color int

const (
	red   color = 31
	green color = 32
)

// paint colours a text, if the report is in colour.
func (t *Text) paint(c color, s string) string {
	if !t.Color {
		return s
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, s)
}
