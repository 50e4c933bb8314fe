// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"stacksweep/sweep/session"
)

// A Source reads a source file by the name that DWARF has for it.
type Source func(name string) ([]byte, error)

// sources are the lines of files that have been looked at. A file is read once.
type sources struct {
	read  Source
	lines map[string][]string // nil for one that can't be read
}

// of returns the lines of a file, without tabs and what a terminal would not print.
func (s *sources) of(name string) []string {
	if lines, ok := s.lines[name]; ok || s.read == nil {
		return lines
	}
	var lines []string
	if data, err := s.read(name); err == nil {
		for l := range strings.Lines(string(data)) {
			lines = append(lines, printable(l))
		}
	}
	s.lines[name] = lines
	return lines
}

// printable expands tabs and drops control characters.
func printable(l string) string {
	const tab = 4 // columns; eight leave no room for code in a narrow pane
	l = strings.ReplaceAll(strings.TrimRight(l, "\r\n"), "\t", strings.Repeat(" ", tab))
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return '?'
		}
		return r
	}, l)
}

// splitLine takes a source line, file:line, apart.
func splitLine(source string) (file string, line int) {
	i := strings.LastIndexByte(source, ':')
	if i < 0 {
		return "", 0
	}
	line, _ = strconv.Atoi(source[i+1:])
	return source[:i], line
}

func toggleSource(m *Model) tea.Cmd {
	m.showSource = !m.showSource
	m.scrolled = scrolled{}
	return nil
}

// sourcePane shows the source around the point. Before a line is what each walker's worst verdict is at the
// instructions that were made of it, as far as they are listed.
func (m *Model) sourcePane(w, h int) []line {
	file, now := splitLine(m.look.source)
	name := functionName(m.look.place)
	if file == "" {
		return block(name, w, h, []line{
			text(faint, " no source line is known for this instruction"), text(faint, " v shows the instructions"),
		})
	}
	all := m.sources.of(file)
	title := shorten(name, w-len(path.Base(m.look.source))-6) + "  " + path.Base(m.look.source)
	if all == nil {
		return block(title, w, h, []line{
			text(plain, " can't read "+file), text(faint, " -source FOLDER says where it is"),
			text(faint, " v shows the instructions"),
		})
	}
	marks, room := m.lineMarks(file), h-1
	from := m.scrollFrom(&m.scrolled.code, now-1-room/3, len(all), room)
	var lines []line
	for i := from; i < min(len(all), from+room); i++ {
		var l line
		l.add(plain, " ")
		for walker := range m.walkers {
			l.add(markSpan(marks[i+1], walker))
		}
		r, pointer := faint, " "
		if marks[i+1] != nil {
			r = plain
		}
		if i+1 == now {
			r, pointer = here, ">"
		}
		l.add(r, pointer)
		l.add(faint, fmt.Sprintf("%4d ", i+1))
		l.add(r, all[i])
		lines = append(lines, l)
	}
	return block(title, w, h, lines)
}

// lineMarks returns the worst verdicts at the listed instructions, by line of a file and by walker.
func (m *Model) lineMarks(file string) map[int][]session.Mark {
	marks := map[int][]session.Mark{}
	at, in := 0, ""
	for i := range m.look.code {
		c := &m.look.code[i]
		if c.Source != "" {
			in, at = splitLine(c.Source)
		}
		if in != file {
			continue
		}
		if marks[at] == nil {
			marks[at] = append(marks[at], c.Marks...)
			continue
		}
		for walker, mark := range c.Marks {
			marks[at][walker] = max(marks[at][walker], mark)
		}
	}
	return marks
}

// markSpan is a walker's letter for an instruction or a line.
func markSpan(marks []session.Mark, walker int) (role, string) {
	if walker >= len(marks) {
		return plain, " "
	}
	if v, ok := marks[walker].Verdict(); ok {
		return verdictRole(v), string(marks[walker].Letter())
	}
	return faint, string(marks[walker].Letter())
}
