// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/catalog"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// start opens a point in a terminal of a given size.
func start(t testing.TB, point string, mode verdict.Mode, w, h int) Model {
	t.Helper()
	return startWith(t, options(t, point, mode), w, h)
}

func options(t testing.TB, point string, mode verdict.Mode) Options {
	t.Helper()
	all := corpus.All()
	p, err := verdict.ParsePoint(all, point)
	if err != nil {
		t.Fatal(err)
	}
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Point: p, Walkers: walkers, Mode: mode, Catalog: &catalog.Catalog{}}
}

func startWith(t testing.TB, o Options, w, h int) Model {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, m, tea.WindowSizeMsg{Width: w, Height: h})
}

// send hands a message to the model, and those that its commands return.
func send(t testing.TB, m Model, msg tea.Msg) Model {
	t.Helper()
	next, cmd := m.Update(msg)
	m = next.(Model)
	for cmd != nil {
		answer := cmd()
		o, ok := answer.(opened)
		if !ok {
			return m
		}
		next, cmd = m.Update(o)
		m = next.(Model)
	}
	return m
}

var special = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "space": tea.KeySpace,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome,
	"end": tea.KeyEnd,
}

// press presses keys, which are separated by spaces; a word between quotes is typed.
func press(t testing.TB, m Model, keys string) Model {
	t.Helper()
	for key := range strings.FieldsSeq(keys) {
		if word, ok := strings.CutPrefix(key, "'"); ok {
			for _, r := range word {
				m = send(t, m, keyPress(string(r)))
			}
			continue
		}
		m = send(t, m, keyPress(key))
	}
	return m
}

// corpusSource reads the corpus's sources.
func corpusSource(name string) ([]byte, error) { return fs.ReadFile(corpus.Sources(), name) }

// escapes are what styles put around text.
var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// screenText is the screen without its styles, without spaces at the ends of lines.
func screenText(m Model) string {
	var b strings.Builder
	for row := range strings.Lines(escapes.ReplaceAllString(m.View().Content, "") + "\n") {
		b.WriteString(strings.TrimRight(row, " \n"))
		b.WriteByte('\n')
	}
	return b.String()
}
