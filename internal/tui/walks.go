// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"slices"
	"strings"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// walksPane shows the truth next to every walker's frames.
func (m *Model) walksPane(w, h int) []line {
	l := m.look
	if l.walks == nil {
		return block("the true stack", w, h, m.truthOnly(h-1))
	}
	columns := newWalkColumns(l, w)
	lines := columns.verdicts(w)
	rows := inspect.Compare(l.walks)
	first := slices.IndexFunc(rows, columns.differs)
	room := h - 1 - len(lines)
	from := m.scrollFrom(&m.scrolled.walks, scroll(len(rows), room, first), len(rows), room)
	for i := from; i < len(rows); i++ {
		if i-from == room-1 && i < len(rows)-1 {
			lines = append(lines, text(faint, fmt.Sprintf(" … %d more", len(rows)-i)))
			break
		}
		lines = append(lines, columns.row(rows[i], i == first))
	}
	return block("truth and walks", w, h, lines)
}

// scroll chooses the first of n rows to show, so that the row want is seen.
func scroll(n, room, want int) int {
	if n <= room || want < room-2 {
		return 0
	}
	return max(0, min(want-1, n-room))
}

// truthOnly says in some rows why there is no walk, and what the stack is.
func (m *Model) truthOnly(rows int) []line {
	var why string
	switch {
	case m.look.step == m.look.steps:
		why = "the run has ended"
	case m.mode == verdict.IRQ:
		why = "no irq point: interrupts are masked"
	case m.mode == verdict.Sync:
		why = "no sync point: not a call instruction"
	default:
		why = fmt.Sprintf("no %s point", m.mode)
	}
	lines := []line{text(faint, " "+why), {}}
	truth := m.look.truth
	for _, addr := range truth[m.scrollFrom(&m.scrolled.walks, 0, len(truth), rows-len(lines)):] {
		lines = append(lines, text(plain, " "+m.look.name(addr)))
	}
	return lines
}

// verdictLine says in one line how a walker did, as fully as there is room for.
func verdictLine(v *inspect.WalkView, name func(uint64) string, w int) line {
	l := line{{fmt.Sprintf(" %-7s ", v.Walker), title}}
	l.add(verdictRole(v.Verdict), verdictWord(v.Verdict))
	var parts []string
	switch {
	case v.Verdict == verdict.Refused && v.Trace.Failure.Failed():
		parts = append(parts, " "+v.Trace.Failure.Reason.String())
		if n := name(v.Trace.Failure.Addr); n != "" {
			parts = append(parts, " at "+n)
		}
	case !v.Verdict.Conforming() && v.Trace.Reliable && v.Lacks() != 0:
		parts = append(parts, " lacks "+name(v.Lacks()), ", yet says reliable")
	case v.Trace.Reliable:
		parts = append(parts, " says reliable")
	}
	for i, p := range parts {
		if i == 0 || l.width()+len(p) <= w {
			l.add(plain, p)
		}
	}
	return l
}

// verdictWord is a verdict as shown; those that fail are shouted, since there may be no colours.
func verdictWord(v verdict.Verdict) string {
	if v.Conforming() {
		return v.String()
	}
	return strings.ToUpper(v.String())
}

func verdictRole(v verdict.Verdict) role {
	switch {
	case v == verdict.Exact:
		return good
	case v.Conforming():
		return cautious
	}
	return bad
}
