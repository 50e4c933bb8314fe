// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"unicode/utf8"
)

// A role is why a piece of text looks different from others. What it looks like is the theme's business; a screen must
// be understood without it.
type role uint8

const (
	plain    role = iota
	faint         // less important
	title         // names of panes and columns
	here          // the instruction at the point
	changed       // by the last instruction
	good          // a conforming verdict
	cautious      // a refusal
	bad           // a failing verdict, the first difference
	bar           // the title of the screen
	roles
)

// A span is text in one role. Every character is one column wide.
type span struct {
	text string
	role role
}

// A line is a row of a pane.
type line []span

// text makes a line in one role.
func text(r role, s string) line { return line{{s, r}} }

// add appends text.
func (l *line) add(r role, s string) { *l = append(*l, span{s, r}) }

// column appends text in exactly w columns.
func (l *line) column(r role, s string, w int) { l.add(r, pad(s, w)) }

func (l line) width() int {
	n := 0
	for _, s := range l {
		n += utf8.RuneCountInString(s.text)
	}
	return n
}

// fit makes the line exactly w columns wide.
func (l line) fit(w int) line {
	n := l.width()
	if n <= w {
		return append(l[:len(l):len(l)], span{strings.Repeat(" ", w-n), plain})
	}
	var out line
	for _, s := range l {
		if have := utf8.RuneCountInString(s.text); have < w {
			out = append(out, s)
			w -= have
			continue
		}
		return append(out, span{cut(s.text, w), s.role})
	}
	return out
}

// cut shortens text to w columns, of which the last says that something is missing.
func cut(s string, w int) string {
	if w <= 0 {
		return ""
	}
	return string([]rune(s)[:w-1]) + "…"
}

// pad makes text exactly w columns wide.
func pad(s string, w int) string {
	n := utf8.RuneCountInString(s)
	if n > w {
		return cut(s, w)
	}
	return s + strings.Repeat(" ", w-n)
}

// shorten makes symbol+offset fit into w columns, at the cost of the symbol.
func shorten(name string, w int) string {
	n := utf8.RuneCountInString(name)
	i := strings.LastIndexByte(name, '+')
	if n <= w || i < 0 || w <= len(name)-i+1 {
		if n > w {
			return cut(name, w)
		}
		return name
	}
	return cut(name[:i], w-(len(name)-i)) + name[i:]
}

// block makes a pane of exactly w columns and h rows: its title, then as many lines as there is room for.
func block(name string, w, h int, lines []line) []line {
	all := make([]line, 0, h)
	if h > 0 {
		head := "── " + name + " "
		head += strings.Repeat("─", max(0, w-utf8.RuneCountInString(head)))
		all = append(all, text(title, head).fit(w))
	}
	for _, l := range lines {
		if len(all) == h {
			break
		}
		all = append(all, l.fit(w))
	}
	for len(all) < h {
		all = append(all, line{}.fit(w))
	}
	return all
}

// sideBySide puts two panes of the same height next to each other.
func sideBySide(left, right []line) []line {
	all := make([]line, len(left))
	for i := range left {
		all[i] = append(append(left[i][:len(left[i]):len(left[i])], span{"│", title}), right[i]...)
	}
	return all
}

// wrap breaks text into lines of at most w columns, at spaces.
func wrap(s string, w int) []string {
	var lines []string
	now := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case now == "":
			now = word
		case utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) <= w:
			now += " " + word
		default:
			lines = append(lines, now)
			now = word
		}
	}
	if now != "" {
		lines = append(lines, now)
	}
	return lines
}
