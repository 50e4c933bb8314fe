// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"stacksweep/sweep/verdict"
)

// The cursor and breakpoints are what one can run to, forwards and backwards.
func TestRunTo(t *testing.T) {
	m := start(t, "fgraph/return@ftrace_return_to_handler", verdict.IRQ, 80, 24)
	for _, test := range []struct{ keys, want string }{
		{"J J J r", "ftrace_return_to_handler+0xc"},
		{"3 J r", "ftrace_return_to_handler+0xc"},
		{"3 J 2 K r", "ftrace_return_to_handler+0x4"},
		{"shift+down shift+down shift+up r", "ftrace_return_to_handler+0x4"},
		{"3 J esc r", "ftrace_return_to_handler+0x0"}, // no cursor
		{"r", "ftrace_return_to_handler+0x0"},
		{"3 J r 2 K R", "ftrace_return_to_handler+0x4"},
		{"B 'handle_return enter e", "handle_return+0x0"},
		{"B 'handle_return enter B 'return_to_handler enter e e", "return_to_handler+0x0"},
		{"B 'handle_return enter e B 'handle_return enter e", "handle_return+0x0"}, // there is none any more
		{"B 'nowhere enter e", "ftrace_return_to_handler+0x0"},
		{"3 J b r e E", "ftrace_return_to_handler+0xc"},
		{"b n E", "ftrace_return_to_handler+0x0"},
		{"b n e", "ftrace_return_to_handler+0x0"}, // the next call
		{"b n e ctrl+o", "ftrace_return_to_handler+0x4"},
	} {
		if got := press(t, m, test.keys); got.look.place != test.want {
			t.Errorf("%q leads to %s, want %s: %s", test.keys, got.look.place, test.want, got.notice)
		}
	}
	if got := press(t, m, "b n 2 e"); got.look.nth != 3 {
		t.Errorf("two breakpoints on is the %d. execution, want the third", got.look.nth)
	}
	if screen := screenText(press(t, m, "3 J b J")); strings.Count(screen, "●") != 1 ||
		strings.Count(screen, "»") != 1 {
		t.Errorf("no breakpoint or cursor in\n%s", screen)
	}
}

// The wheel scrolls the pane under the mouse, no further than there is something; a click moves the cursor.
func TestMouse(t *testing.T) {
	m := start(t, "fgraph/return@ftrace_return_to_handler", verdict.IRQ, 80, 24)
	wheel := func(m Model, x, y int, b tea.MouseButton) Model {
		return send(t, m, tea.MouseWheelMsg{X: x, Y: y, Button: b})
	}
	f := m.frame()
	for name, at := range map[string][2]int{"code": {3, 4}, "stack": {3, f.above + 3}} {
		before := screenText(m)
		down := wheel(m, at[0], at[1], tea.MouseWheelDown)
		if screenText(down) == before || down.step != m.step {
			t.Errorf("%s: the wheel scrolls nothing, or moves to step %d", name, down.step)
		}
		if screenText(wheel(down, at[0], at[1], tea.MouseWheelUp)) != before {
			t.Errorf("%s: up is not the way back", name)
		}
		far := m
		for range 40 {
			far = wheel(far, at[0], at[1], tea.MouseWheelDown)
		}
		if screenText(wheel(far, at[0], at[1], tea.MouseWheelUp)) == screenText(far) {
			t.Errorf("%s: scrolled beyond the end", name)
		}
	}
	// Where the walks have more rows than there is room for.
	deep := press(t, start(t, "fgraph/return", verdict.IRQ, 80, 24), "N")
	if scrolled := wheel(deep, 70, 5, tea.MouseWheelDown); !strings.Contains(screenText(deep), " more") &&
		screenText(scrolled) != screenText(deep) {
		t.Error("walks that are shown whole are scrolled")
	}
	clicked := send(t, m, tea.MouseClickMsg{X: 12, Y: 5, Button: tea.MouseLeft})
	if rows := strings.Split(screenText(clicked), "\n"); !strings.Contains(rows[5], "»") {
		t.Errorf("the cursor is not in row 5:\n%s", screenText(clicked))
	}
	list := press(t, m, "s home")
	if got := wheel(list, 3, 3, tea.MouseWheelDown); got.menu.at != wheelRows {
		t.Errorf("the wheel leads to item %d", got.menu.at)
	}
	if got := send(t, list, tea.MouseClickMsg{X: 5, Y: 6, Button: tea.MouseLeft}); got.menu.at != 4 {
		t.Errorf("a click leads to item %d", got.menu.at)
	}
}

// The chooser has pages, and a filter that leaves only what fits.
func TestChooser(t *testing.T) {
	m := press(t, start(t, "fgraph/return", verdict.IRQ, 80, 24), "s home pgdown")
	if m.menu.at != menuPage {
		t.Errorf("a page leads to item %d", m.menu.at)
	}
	if m = press(t, m, "pgup pgup"); m.menu.at != 0 {
		t.Errorf("pages back lead to item %d", m.menu.at)
	}
	m = press(t, m, "/ 'resched:rec")
	if n := len(m.menu.visible()); n == 0 || n > 3 || !strings.Contains(screenText(m), "fgraph/resched:record") {
		t.Errorf("the filter leaves %d:\n%s", n, screenText(m))
	}
	if got := press(t, m, "esc"); got.menu == nil || len(got.menu.visible()) != len(got.menu.items) {
		t.Error("Esc doesn't drop the filter")
	}
	if got := press(t, m, "enter"); got.target.String() != "fgraph/resched:record" {
		t.Errorf("Enter opens %s", got.target)
	}
	none := press(t, m, "'xyzzy enter")
	if none.menu == nil || !strings.Contains(screenText(none), "nothing; Esc") {
		t.Errorf("nothing fits, and the screen is\n%s", screenText(none))
	}
}

// A pair is stepped through like a run. Its end is said, and so is that no interrupt is taken where they are masked.
func TestPairs(t *testing.T) {
	m := start(t, "fgraph/return@137/42", verdict.Pairs, 80, 24)
	if m.point().String() != "fgraph/return:mainline@137/42" || m.mode != verdict.Pairs || m.look.walks == nil {
		t.Fatalf("at %s, mode %s, %d walks", m.point(), m.mode, len(m.look.walks))
	}
	for _, test := range []struct{ keys, want string }{
		{"n", "fgraph/return:mainline@137/43"},
		{"4 2 p", "fgraph/return:mainline@137/0"},
		{"4 3 p", "fgraph/return:mainline@136"},
		// after the interrupt it is the run again: 85 steps are the interrupt's
		{"9 9 n", "fgraph/return:mainline@193"},
		{"I", "fgraph/return:mainline@137"},
		{"I I", "fgraph/return:mainline@137/0"},
		{"I n I", "fgraph/return:mainline@138/0"},
		{"I ctrl+o", "fgraph/return:mainline@137/42"},
		{"g '@137/7 enter", "fgraph/return:mainline@137/7"},
		{"g '137/7 enter", "fgraph/return:mainline@137/7"},
		{"g '@200 enter", "fgraph/return:mainline@200"},
		{"g '137/9999 enter", "fgraph/return:mainline@137/42"},
		{"g '5/1 enter", "fgraph/return:mainline@137/42"},
		{"s / 'chain/plain enter", "chain/plain:mainline@0"},
	} {
		got := press(t, m, test.keys)
		if got.point().String() != test.want {
			t.Errorf("%q leads to %s, want %s: %s", test.keys, got.point(), test.want, got.notice)
		}
		if want := modeFor(got.target, got.mode); got.mode != want {
			t.Errorf("%q: mode %s, want %s", test.keys, got.mode, want)
		}
	}
	if got := press(t, m, "g '137/9999 enter"); !strings.Contains(got.notice, "has 85 steps") {
		t.Errorf("beyond the end: %s", got.notice)
	}
	if got := press(t, m, "g '5/1 enter"); !strings.Contains(got.notice, "masked") {
		t.Errorf("where interrupts are masked: %s", got.notice)
	}
	if got := press(t, m, "y"); !strings.Contains(got.notice, "fgraph/return:mainline@137/42 -mode pairs") {
		t.Errorf("the command is %s", got.notice)
	}
}

// The source is what the line tables say, with the verdicts of the instructions of a line; of a file that isn't there
// it is said how to name its folder.
func TestSource(t *testing.T) {
	o := options(t, "fgraph/return@ftrace_return_to_handler+0x4", verdict.IRQ)
	o.Source = corpusSource
	screen := screenText(press(t, startWith(t, o, 120, 40), "v"))
	if !strings.Contains(screen, "handle_return(freg") || !strings.Contains(screen, "rO>") {
		t.Errorf("no source in\n%s", screen)
	}
	if got := screenText(press(t, startWith(t, o, 120, 40), "v v")); strings.Contains(got, "pop_return(offset)") {
		t.Errorf("v is not the way back\n%s", got)
	}
	o.Source = nil
	if screen := screenText(press(t, startWith(t, o, 120, 40), "v")); !strings.Contains(screen,
		"can't read src/fgraph.c") || !strings.Contains(screen, "-source FOLDER") {
		t.Errorf("the screen is\n%s", screen)
	}
}
