package tui

import (
	"fmt"
	"slices"
	"strings"

	"stacksweep/internal/inspect"
	"stacksweep/sweep"
	"stacksweep/unwind"
)

// nameColumn is how wide a walker's column must be to show frames by name; narrower ones show marks.
const nameColumn = 24

// walksPane shows the truth beside every walker's frames.
func (m *Model) walksPane(w, h int) []line {
	l := m.look
	if l.walks == nil {
		return block("the true stack", w, h, m.truthOnly())
	}
	var lines []line
	for i := range l.walks {
		lines = append(lines, verdictLine(&l.walks[i], l.name, w))
	}
	columns := walkColumns{names: make([]string, len(l.walks)), look: l}
	for i := range l.walks {
		columns.names[i] = l.walks[i].Walker
	}
	columns.measure(w)
	rows := inspect.Compare(l.walks)
	first := slices.IndexFunc(rows, columns.differs)
	lines = append(lines, columns.header())
	room := h - 1 - len(lines)
	from := scroll(len(rows), room, first)
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

// truthOnly says why there is no walk, and what the stack is.
func (m *Model) truthOnly() []line {
	var why string
	switch {
	case m.look.step == m.look.steps:
		why = "the run has ended"
	case m.mode == sweep.IRQ:
		why = "no irq point: interrupts are masked"
	case m.mode == sweep.Sync:
		why = "no sync point: not a call instruction"
	default:
		why = fmt.Sprintf("no %s point", m.mode)
	}
	lines := []line{text(faint, " "+why), {}}
	for _, addr := range m.look.truth {
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
	case v.Verdict == sweep.Refused && v.Trace.Failure.Failed():
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
func verdictWord(v sweep.Verdict) string {
	if v.Conforming() {
		return v.String()
	}
	return strings.ToUpper(v.String())
}

func verdictRole(v sweep.Verdict) role {
	switch {
	case v == sweep.Exact:
		return good
	case v.Conforming():
		return cautious
	}
	return bad
}

// walkColumns lays out the comparison: a column for the truth and one for each walker.
type walkColumns struct {
	look         *look
	names        []string // of the walkers
	truth, walks int      // widths
}

func (c *walkColumns) measure(w int) {
	const markColumn, margin = 7, 2
	w -= margin
	if c.walks = w / (len(c.names) + 1); c.walks < nameColumn {
		c.walks = markColumn
		for _, n := range c.names {
			c.walks = max(c.walks, len(n)+1)
		}
	}
	c.truth = max(12, w-c.walks*len(c.names))
}

func (c *walkColumns) header() line {
	l := line{{" ", plain}}
	l.column(title, "truth", c.truth)
	for _, n := range c.names {
		l.column(title, n, c.walks)
	}
	return l
}

func (c *walkColumns) row(r inspect.FrameRow, first bool) line {
	l := line{{" ", plain}}
	name := ""
	if r.Truth != 0 {
		name = c.look.name(r.Truth)
	}
	l.column(plain, shorten(name, c.truth-1), c.truth)
	for i := range r.Walks {
		text, role := c.cell(r, i)
		l.column(role, text, c.walks)
	}
	if first {
		l.add(bad, "◄")
	}
	return l
}

// cell shows what a walker says to a row.
func (c *walkColumns) cell(r inspect.FrameRow, walker int) (string, role) {
	walk, wide := r.Walks[walker], c.walks >= nameColumn
	switch {
	case walk.Frame == 0 && r.Truth == 0:
		return "", plain
	case walk.Frame == 0 && c.look.walks[walker].Trace.Reliable:
		return "✗ lost", bad
	case walk.Frame == 0:
		return "·", faint
	}
	from := origin(walk.Source, walk.Flags)
	if walk.Truth == 0 {
		if !wide {
			return "✗ more", bad
		}
		return "✗ " + shorten(c.look.name(walk.Frame), c.walks-3), bad
	}
	if !wide {
		return "=" + from, plain
	}
	room := c.walks - 2 - len(from)
	return strings.TrimSpace(shorten(c.look.name(walk.Frame), room) + " " + from), plain
}

// origin says in two letters from where a frame's PC is, where that is worth saying.
func origin(s unwind.Source, f unwind.Flags) string {
	switch {
	case f&unwind.FGraph != 0:
		return "fg"
	case f&unwind.Kretprobe != 0:
		return "kp"
	}
	return map[unwind.Source]string{unwind.FromRegsPC: "pc", unwind.FromRegsLR: "lr", unwind.FromCFI: "cfi"}[s]
}

// differs reports whether a walker that claims to be complete contradicts the truth in a row.
func (c *walkColumns) differs(r inspect.FrameRow) bool {
	for i, walk := range r.Walks {
		if walk.Frame != 0 && walk.Truth == 0 || walk.Frame == 0 && r.Truth != 0 && c.look.walks[i].Trace.Reliable {
			return true
		}
	}
	return false
}
