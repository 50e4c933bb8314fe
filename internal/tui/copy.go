// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"

	"stacksweep/internal/shell"
	"stacksweep/sweep/verdict"

	tea "charm.land/bubbletea/v2"
)

// yank copies the point to the terminal's clipboard, by OSC 52, in a form for a mail, and says its name and the
// command that shows it.
func yank(m *Model) tea.Cmd {
	m.say("%s", m.showCommand())
	m.hint = "copied, if the terminal lets it: the point, this command, a text for a mail"
	return tea.SetClipboard(m.mail())
}

// showCommand is the command that prints the point.
func (m *Model) showCommand() string {
	var names []string
	for _, w := range m.walkers {
		names = append(names, w.Name)
	}
	flags := ""
	if m.flags != nil {
		flags = m.flags(m.target.Scenario.Name)
	}
	if m.build.Shift != 0 {
		flags += fmt.Sprintf(" -shift %d", m.build.Shift)
	}
	return fmt.Sprintf("stacksweep show%s %s -mode %s -walker %s", flags, m.point(), m.mode,
		shell.Quote(strings.Join(names, ",")))
}

// mail is a short text about the point.
func (m *Model) mail() string {
	l := m.look
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s\n", m.point(), m.showCommand())
	if l.nth > 0 {
		// Steps change when the code is built anew; this name stays true for longer.
		fmt.Fprintf(&b, "  also: %s@%s#%d\n", m.target, l.place, l.nth)
	}
	b.WriteByte('\n')
	switch m.mode {
	case verdict.Sync, verdict.Blocked:
		fmt.Fprintf(&b, "A stack trace taken in the function that %s calls:\n", l.place)
	default:
		fmt.Fprintf(&b, "An interrupt (%s) right before %s:\n", m.mode, l.place)
	}
	truth := l.truth
	for i := range l.walks {
		w := &l.walks[i]
		truth = w.Truth
		fmt.Fprintf(&b, "  %s: %s", w.Walker, w.Verdict)
		switch lacks := w.Lacks(); {
		case !w.Verdict.Conforming() && w.Trace.Reliable && lacks != 0:
			fmt.Fprintf(&b, "; it says that the trace is reliable, and lacks %s", l.name(lacks))
		case w.Trace.Failure.Failed():
			fmt.Fprintf(&b, " (%s)", w.Trace.Failure.Reason)
		}
		b.WriteByte('\n')
	}
	b.WriteString("True stack:\n")
	for _, addr := range truth {
		fmt.Fprintf(&b, "  %s\n", l.name(addr))
	}
	return b.String()
}
