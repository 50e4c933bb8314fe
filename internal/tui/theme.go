// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// theme turns lines into text for a terminal. It uses the sixteen basic colours, which suit light and dark
// backgrounds; without colours, weight and reversal remain.
type theme struct {
	styles [roles]lipgloss.Style
	ascii  bool
}

func newTheme(ascii bool) theme {
	style := lipgloss.NewStyle
	return theme{
		styles: [roles]lipgloss.Style{
			plain:    style(),
			faint:    style().Faint(true),
			title:    style().Foreground(lipgloss.Cyan),
			here:     style().Bold(true),
			changed:  style().Foreground(lipgloss.Yellow).Bold(true),
			good:     style().Foreground(lipgloss.Green),
			cautious: style().Foreground(lipgloss.Blue),
			bad:      style().Foreground(lipgloss.Red).Bold(true),
			bar:      style().Reverse(true),
		},
		ascii: ascii,
	}
}

// plainly maps what the screen uses beyond ASCII, character by character.
var plainly = strings.NewReplacer(
	"─", "-", "│", "|", "→", ">", "←", "<", "↓", "v", "↑", "^", "…", "~", "·", ".",
	"✗", "x", "◄", "<", "»", ")", "●", "*",
)

// render is the whole screen.
func (t theme) render(lines []line) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, s := range l {
			text := s.text
			if t.ascii {
				text = plainly.Replace(text)
			}
			if s.role == plain || text == "" {
				b.WriteString(text)
				continue
			}
			b.WriteString(t.styles[s.role].Render(text))
		}
	}
	return b.String()
}
