// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"

	"stacksweep/internal/inspect"
	"stacksweep/unwind"
)

// walkColumns lays out the comparison: a column for the truth and one for each walker, which says as much as there is
// room for: frames by name, or a mark and a word, or a mark alone under the walker's number.
type walkColumns struct {
	look         *look
	truth, walks int // widths
}

// The widths of a walker's column.
const (
	nameColumn   = 24 // from here on frames are named
	wordColumn   = 7  // or as wide as the walker's name
	numberColumn = 2
)

// leastTruth is the least width of the column for the truth.
const leastTruth = 20

func newWalkColumns(l *look, w int) walkColumns {
	const margin = 2 // a space before, the mark of the first difference after
	w -= margin
	n := len(l.walks)
	c := walkColumns{look: l, walks: w / (n + 1)}
	if c.walks < nameColumn {
		c.walks = wordColumn
		for i := range l.walks {
			c.walks = max(c.walks, len(l.walks[i].Walker)+1)
		}
	}
	if w-c.walks*n < leastTruth {
		c.walks = numberColumn
	}
	c.truth = max(leastTruth, w-c.walks*n)
	return c
}

func (c *walkColumns) numbered() bool { return c.walks == numberColumn }

// verdicts says how each walker did: in a line each, or by the letter of the gutter under its number.
func (c *walkColumns) verdicts(w int) []line {
	var lines []line
	if !c.numbered() {
		for i := range c.look.walks {
			lines = append(lines, verdictLine(&c.look.walks[i], c.look.name, w))
		}
		return append(lines, c.header())
	}
	names := ""
	letters := line{{" ", plain}}
	letters.column(title, "verdict", c.truth)
	for i := range c.look.walks {
		v := c.look.walks[i].Verdict
		names += fmt.Sprintf("%d:%s ", i+1, c.look.walks[i].Walker)
		letters.column(verdictRole(v), string(v.Letter()), c.walks)
	}
	for _, words := range wrap(names, w-1) {
		lines = append(lines, text(title, " "+words))
	}
	return append(lines, c.header(), letters)
}

func (c *walkColumns) header() line {
	l := line{{" ", plain}}
	l.column(title, "truth", c.truth)
	for i := range c.look.walks {
		name := c.look.walks[i].Walker
		if c.numbered() {
			name = fmt.Sprint(i + 1)
		}
		l.column(title, name, c.walks)
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
		if c.numbered() {
			return "✗", bad
		}
		return "✗ lost", bad
	case walk.Frame == 0:
		return "·", faint
	}
	from := origin(walk.Source, walk.Flags)
	if walk.Truth == 0 {
		switch {
		case c.numbered():
			return "+", bad
		case !wide:
			return "✗ more", bad
		}
		return "✗ " + shorten(c.look.name(walk.Frame), c.walks-3), bad
	}
	switch {
	case c.numbered():
		return "=", plain
	case !wide:
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
	return map[unwind.Source]string{unwind.FromRegsPC: "pc", unwind.FromRegsLR: "lr", unwind.FromTable: "tab"}[s]
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
