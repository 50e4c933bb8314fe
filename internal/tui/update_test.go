// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func TestKeysAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, g := range groups() {
		for _, r := range g.rows {
			for _, b := range r.bindings {
				for _, k := range b.keys {
					if seen[k] != "" {
						t.Errorf("%s is %q and %q", k, seen[k], r.doc)
					}
					seen[k] = r.doc
				}
			}
		}
	}
}

func TestMovement(t *testing.T) {
	m := start(t, "chain/plain", verdict.IRQ, 80, 24)
	end := m.in.Len()
	for _, test := range []struct {
		keys string
		want int
	}{
		{"n", 1}, {"right", 1}, {"space", 1}, {"n n p", 1}, {"n left", 0}, {"p", 0},
		{"end", end}, {"$ n", end}, {"end home", 0}, {"end 0", 0},
		{"enter", 1},           // before any motion: a step
		{"n n p enter", 0},     // what was done last
		{"g '137 enter", 137},  // a step
		{"g '@137 enter", 137}, // as points are written
		{"g '100 enter g '+10 enter", 110},
		{"g '100 enter g '-10 enter", 90},
		{"g '9999999 enter", 0},
		{"g '100 esc", 0},
		{"g '100 backspace enter", 10},
		{"g enter", 1}, // an empty line repeats
		{"g '100 enter 0 g up enter", 100},
		{"g '100 enter g '200 enter 0 g up up enter", 100},
		{"g '100 enter 0 g up down '7 enter", 7},
		{"g 'nowhere enter", 0},
	} {
		if got := press(t, m, test.keys); got.step != test.want {
			t.Errorf("%q leads to step %d, want %d", test.keys, got.step, test.want)
		}
	}
}

// TestPlaces goes to places in the code, by name.
func TestPlaces(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 80, 24)
	for _, test := range []struct{ keys, want string }{
		{"g 'return_to_handler enter", "return_to_handler+0x0"},
		{"g 'return_to_handler+0x1c enter", "return_to_handler+0x1c"},
		{"g 'return_to_handler enter u", "chain_4+0x50"},
		{"g 'return_to_handler enter U", "chain_4+0x4c"},
		{"g 'return_to_handler enter c", "return_to_handler+0x1c"},
		{"g 'return_to_handler enter c o", "return_to_handler+0x20"},
		{"g 'return_to_handler enter c o O", "return_to_handler+0x1c"},
		{"g 'return_to_h tab enter", "return_to_handler+0x0"},
		{"end g 'chain_1 enter", "chain_1+0x0"}, // round to the first
		{"/ 'chain_leaf+0x1 enter", "chain_leaf+0x10"},
		{"/ 'chain_leaf+0x1 enter f", "chain_leaf+0x14"},
		{"/ 'chain_leaf+0x1 enter f F", "chain_leaf+0x10"},
		{"g 'chain_1#2 enter", "chain_1+0x0"},
		{"g 'chain/plain@chain_3+0x8#2 enter", "chain_3+0x8"},
		{"g 'chain/plain@chain_3+0x8#99 enter", "start+0x0"},
		{"/ 'mul enter", "chain_leaf+0x10"},
		{"N", "ftrace_return_to_handler+0x0"},
		{"N n n P", "ftrace_return_to_handler+0x4"},
		{"N n n {", "ftrace_return_to_handler+0x0"},
		{"} } {", "ftrace_return_to_handler+0x0"},
	} {
		if got := press(t, m, test.keys); got.look.place != test.want {
			t.Errorf("%q leads to %s, want %s", test.keys, got.look.place, test.want)
		}
	}
}

func TestChoices(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 80, 24)
	m = press(t, m, "N")
	at := m.step
	m = press(t, m, "i home enter")
	if m.mode != verdict.Sync || m.step != at {
		t.Errorf("mode %s at step %d", m.mode, m.step)
	}
	m = press(t, m, "W home space enter")
	if names := walkerNames(m); !slices.Contains(names, registry.All()[0].Name) || len(names) != 3 || m.step != at {
		t.Errorf("walkers %v at step %d", names, m.step)
	}
	if m = press(t, m, "s home enter"); m.target.String() != "chain/plain:mainline" || m.step != 0 {
		t.Errorf("scenario %s at step %d", m.target, m.step)
	}
	if m = press(t, m, "g 'fgraph/return@137 enter"); m.point().String() != "fgraph/return:mainline@137" {
		t.Errorf("went to %s", m.point())
	}
	if m = press(t, m, "s esc"); m.menu != nil || m.point().String() != "fgraph/return:mainline@137" {
		t.Errorf("Esc in a menu leads to %s", m.point())
	}
}

func walkerNames(m Model) []string {
	var names []string
	for _, w := range m.walkers {
		names = append(names, w.Name)
	}
	return names
}

// TestBusy presses keys while a command has the session.
func TestBusy(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 80, 24)
	next, cmd := press(t, m, "s home").Update(keyPress("enter"))
	m = next.(Model)
	if cmd == nil || m.busy == "" {
		t.Fatal("opening a scenario is not done by a command")
	}
	if after := press(t, m, "n"); after.step != m.step {
		t.Error("the model moves a session that it has given away")
	}
	_ = m.View()
	if m = send(t, m, cmd()); m.busy != "" || m.target.String() != "chain/plain:mainline" {
		t.Errorf("busy %q, at %s", m.busy, m.target)
	}
}

func TestYank(t *testing.T) {
	m := press(t, start(t, "fgraph/return", verdict.IRQ, 80, 24), "N")
	mail := m.mail()
	for _, want := range []string{
		m.point().String() + "\n",
		"stacksweep show " + m.point().String() + " -mode irq -walker v6.17,sframe\n",
		"sframe: omitted; it says that the trace is reliable, and lacks chain_4+0x50",
		"v6.17: refused (exception boundary)",
		"  also: fgraph/return:mainline@ftrace_return_to_handler+0x0#1\n",
		"True stack:\n",
		"  chain_4+0x50\n",
	} {
		if !strings.Contains(mail, want) {
			t.Errorf("the text lacks %q:\n%s", want, mail)
		}
	}
	_, cmd := m.Update(keyPress("y"))
	if cmd == nil || !strings.Contains(fmt.Sprint(cmd()), mail[:40]) {
		t.Error("y copies nothing")
	}
}

// TestPure holds an old model against what became of it: drawing it again gives the same screen, whatever was done to
// its successors. Every screen has exactly the size of the terminal.
func TestPure(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 80, 24)
	var keys []string
	for _, g := range groups() {
		for _, r := range g.rows {
			for _, b := range r.bindings {
				keys = append(keys, b.keys...)
			}
		}
	}
	keys = append(keys, "backspace", "'sp", "'return_to_handler", "'0x", "7", "a")
	rapid.Check(t, func(rt *rapid.T) {
		w, h := rapid.IntRange(minWidth, 200).Draw(rt, "width"), rapid.IntRange(minHeight, 70).Draw(rt, "height")
		now := send(t, m, tea.WindowSizeMsg{Width: w, Height: h})
		for _, key := range rapid.SliceOfN(rapid.SampledFrom(keys), 1, 8).Draw(rt, "keys") {
			before := screenText(now)
			next := press(t, now, key)
			if screenText(now) != before {
				rt.Fatalf("%q changed the model that it was pressed in", key)
			}
			now = next
			checkSize(rt, now, w, h)
		}
	})
}

func checkSize(t *rapid.T, m Model, w, h int) {
	lines := m.screen()
	if len(lines) != h {
		t.Fatalf("%d lines on a screen of %d:\n%s", len(lines), h, screenText(m))
	}
	for i, l := range lines {
		if n := l.width(); n > w {
			t.Fatalf("line %d has %d of %d columns:\n%s", i, n, w, screenText(m))
		}
		for _, s := range l {
			if !utf8.ValidString(s.text) || strings.ContainsAny(s.text, "\n\t\x1b") {
				t.Fatalf("line %d has %q", i, s.text)
			}
		}
	}
}

// TestStart starts at points of all kinds, and at such as don't exist.
func TestStart(t *testing.T) {
	for point, want := range map[string]int{"chain/plain": 0, "chain/plain@17": 17, "chain/plain@start+0x8": 2} {
		if m := start(t, point, verdict.IRQ, 80, 24); m.step != want {
			t.Errorf("%s starts at step %d, want %d", point, m.step, want)
		}
	}
	for _, point := range []string{"chain/plain@9999999", "chain/plain@nowhere", "chain/plain@start#2"} {
		if _, err := New(options(t, point, verdict.IRQ)); !errors.Is(err, ErrNoPoint) {
			t.Errorf("%s: %v", point, err)
		}
	}
}
