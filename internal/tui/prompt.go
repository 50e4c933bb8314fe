// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/inspect"
)

// promptKind is what a line is asked for.
type promptKind uint8

const (
	promptGo promptKind = iota
	promptSearch
	promptWatch
	promptBreak
)

var promptLabels = map[promptKind]string{promptGo: "go to: ", promptSearch: "search: ", promptWatch: "watch: ",
	promptBreak: "breakpoint at: "}

var promptHints = map[promptKind]string{
	promptGo:     "step 137 or +10, point scenario@137, @137/42, symbol+0x1c, its 2nd time symbol#2",
	promptBreak:  "symbol, symbol+0x1c or address; Tab",
	promptSearch: "part of a symbol or of an instruction",
	promptWatch:  "curr_ret_stack, sp+16, symbol or address; 8 bytes, or fewer: sp+16/4",
}

// A prompt is a line being typed.
type prompt struct {
	kind promptKind
	text string
	back int // how many lines of the history the text is from; 0 is a new one
}

func (p *prompt) insert(s string) {
	p.text += strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
}

// ask opens a prompt.
func ask(kind promptKind) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		m.prompt = &prompt{kind: kind}
		m.notice, m.alarm = "", false
		return nil
	}
}

// promptKey edits the line.
func (m *Model) promptKey(key tea.KeyPressMsg) tea.Cmd {
	p := *m.prompt // models share what they point at, so a changed prompt is a new one
	m.prompt = &p
	switch key.String() {
	case "esc":
		m.prompt = nil
	case "enter":
		m.prompt = nil
		if p.text == "" {
			return repeat(m)
		}
		m.remember(p.kind, p.text)
		return m.answer(p.kind, p.text)
	case "backspace":
		if r := []rune(p.text); len(r) > 0 {
			p.text = string(r[:len(r)-1])
		}
	case "ctrl+u":
		p.text = ""
	case "up":
		m.recall(&p, 1)
	case "down":
		m.recall(&p, -1)
	case "tab":
		m.notice, m.alarm = "", false
		m.complete(&p)
	default:
		p.insert(key.Text)
	}
	return nil
}

// remember appends to the history; it makes a new one, since older models keep theirs.
func (m *Model) remember(kind promptKind, text string) {
	next := map[promptKind][]string{}
	for k, lines := range m.history {
		next[k] = lines[:len(lines):len(lines)]
	}
	next[kind] = append(next[kind], text)
	m.history = next
}

func (m *Model) recall(p *prompt, by int) {
	lines := m.history[p.kind]
	p.back = max(0, min(p.back+by, len(lines)))
	p.text = ""
	if p.back > 0 {
		p.text = lines[len(lines)-p.back]
	}
}

// complete completes the name of a function as far as it is clear, and lists what is possible.
func (m *Model) complete(p *prompt) {
	names := m.in.Complete(p.text)
	if p.text == "" || len(names) == 0 {
		return
	}
	common := names[0]
	for _, n := range names[1:] {
		for !strings.HasPrefix(n, common) {
			common = common[:len(common)-1]
		}
	}
	p.text = common
	if len(names) > 1 {
		m.say("%s", strings.Join(names, " "))
	}
}

// answer does what was asked for.
func (m *Model) answer(kind promptKind, text string) tea.Cmd {
	m.notice, m.alarm = "", false
	switch kind {
	case promptSearch:
		m.search = text
		return m.do(findBinding("f"))
	case promptWatch:
		return m.startWatch(text)
	case promptBreak:
		addr, err := m.in.Locate(text)
		if err != nil {
			m.complain(err.Error())
			return nil
		}
		m.toggleAt(addr)
		return nil
	}
	from := m.location()
	cmd := m.goTo(strings.TrimSpace(text))
	if m.busy != "" {
		m.leaving = &from
	} else {
		m.left(from)
	}
	return cmd
}

func (m *Model) startWatch(text string) tea.Cmd {
	w, err := m.in.ParseWatch(text)
	if err != nil {
		m.complain(err.Error())
		return nil
	}
	m.watch = &w
	m.again = findBinding("]")
	m.move(m.step)
	m.say("watching %d bytes at %s; ] and [ go to changes", w.Size, m.addressName(w.Addr))
	return nil
}

// addressName names an address, or shows it.
func (m *Model) addressName(addr uint64) string {
	if n := m.in.Describe(addr); n != "" {
		return n
	}
	return fmt.Sprintf("%#x", addr)
}

// goTo goes to a step, a number of steps on, a point by its name, or the next execution of a place in the code.
func (m *Model) goTo(text string) tea.Cmd {
	if n, err := strconv.Atoi(strings.TrimPrefix(text, "@")); err == nil {
		switch {
		case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
			n += m.step
		case m.target.Interrupt.Present: // a step of the run, in which no interrupt is taken
			return m.visitPoint(fmt.Sprintf("%s@%d", m.target, n))
		}
		if n < 0 || n > m.in.Len() {
			m.complain(fmt.Sprintf("the run has the steps 0 to %d", m.in.Len()))
			return nil
		}
		m.move(n)
		return nil
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(text, "@"), "/")
	_, err := strconv.Atoi(first)
	switch {
	case strings.HasPrefix(text, "@"), err == nil && strings.Contains(text, "/"): // of this run
		return m.visitPoint(m.target.String() + "@" + strings.TrimPrefix(text, "@"))
	case strings.ContainsAny(text, "@/"):
		return m.visitPoint(text)
	case strings.Contains(text, "#"):
		return m.visitPoint(m.target.String() + "@" + text)
	}
	addr, err := m.in.Locate(text)
	if err != nil {
		m.complain(err.Error())
		return nil
	}
	step, ok := m.in.Execution(addr, m.step, inspect.Forwards)
	if !ok {
		if step, ok = m.in.Execution(addr, -1, inspect.Forwards); ok {
			m.say("went round to its first execution")
		}
	}
	return m.to(step, ok, fmt.Sprintf("%s is never executed", text))
}
