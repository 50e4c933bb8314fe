// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
)

// shown is a pane as text, without its title and without spaces at the ends of lines.
func shown(lines []line) []string {
	var all []string
	for _, l := range lines[1:] {
		var b strings.Builder
		for _, s := range l {
			b.WriteString(s.text)
		}
		all = append(all, strings.TrimRight(b.String(), " "))
	}
	return all
}

// bare is a model that stands somewhere where nothing is known; addresses are called f1, f2 ….
func bare() *Model {
	return &Model{look: &look{name: func(addr uint64) string { return fmt.Sprintf("f%d+0x0", addr) }}}
}

// walk makes a walk whose comparison with the truth is given.
func walk(name string, v verdict.Verdict, reliable bool, rows ...inspect.WalkRow) inspect.WalkView {
	w := inspect.WalkView{Rows: rows}
	w.Walker, w.Verdict, w.Trace.Reliable = name, v, reliable
	for _, r := range rows {
		if r.Truth != 0 {
			w.Truth = append(w.Truth, r.Truth)
		}
	}
	return w
}

func TestWalksPane(t *testing.T) {
	m := bare()
	same := inspect.WalkRow{Truth: 1, Frame: 1, Source: unwind.FromRegsPC}
	hooked := inspect.WalkRow{Truth: 2, Frame: 2, Flags: unwind.FGraph}
	m.look.walks = []inspect.WalkView{
		walk("more", verdict.Ghost, true, same, inspect.WalkRow{Frame: 9}, hooked),
		walk("less", verdict.Omitted, true, same, inspect.WalkRow{Truth: 2}),
		walk("none", verdict.Refused, false, same, inspect.WalkRow{Truth: 2}),
	}
	m.look.walks[2].Trace.Failure = unwind.Failure{Reason: unwind.NoTable, Addr: 7}
	want := []string{
		" more    GHOST says reliable",
		" less    OMITTED lacks f2+0x0",
		" none    refused no unwind information",
		" truth                  more   less   none",
		" f1+0x0                 =pc    =pc    =pc",
		"                        ✗ more               ◄",
		" f2+0x0                 =fg    ✗ lost ·",
		"",
	}
	if d := cmp.Diff(want, shown(m.walksPane(46, 9))); d != "" {
		t.Errorf("narrow (-want +got):\n%s", d)
	}
	wide := shown(m.walksPane(110, 9))
	if !strings.Contains(wide[5], "✗ f9+0x0") {
		t.Errorf("a frame too many in a wide pane: %q", wide[5])
	}
	if !strings.Contains(wide[6], "f2+0x0 fg") {
		t.Errorf("a frame from the shadow stack in a wide pane: %q", wide[6])
	}
}

// TestFirstDifferenceIsSeen has a stack that is longer than the pane.
func TestFirstDifferenceIsSeen(t *testing.T) {
	for deep := uint64(1); deep < 40; deep++ {
		var rows []inspect.WalkRow
		for addr := uint64(1); addr <= 40; addr++ {
			r := inspect.WalkRow{Truth: addr, Frame: addr}
			if addr == deep {
				r.Frame = 0
			}
			rows = append(rows, r)
		}
		m := bare()
		m.look.walks = []inspect.WalkView{walk("w", verdict.Omitted, true, rows...)}
		if pane := strings.Join(shown(m.walksPane(41, 8)), "\n"); !strings.Contains(pane, "✗ lost") {
			t.Errorf("frame %d is lost, and not seen:\n%s", deep, pane)
		}
	}
}

func TestListsPane(t *testing.T) {
	m := bare()
	m.look.shadow = []inspect.ListEntry[fgraph.Entry]{
		{Entry: fgraph.Entry{Func: 1, Ret: 2, Retp: 3}, Fate: inspect.Gone},
		{Entry: fgraph.Entry{Ret: 5}, Fate: inspect.Added},
		{Entry: fgraph.Entry{Func: 6, Ret: 7, Retp: 8}, Fate: inspect.Kept},
	}
	m.look.probes = []inspect.ListEntry[kretprobe.Instance]{{Entry: kretprobe.Instance{RetAddr: 9, FP: 10},
		Fate: inspect.Altered}}
	want := []string{
		"-f1 → f2+0x0 GONE  fp f3+0x0",
		"+→ f5+0x0",
		" f6 → f7+0x0  fp f8+0x0",
		"── kretprobe instances",
		"*→ f9+0x0  fp f10+0x0",
	}
	if d := cmp.Diff(want, shown(m.listsPane(60, 6))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		name string
		w    int
		want string
	}{
		{"chain_4+0x50", 12, "chain_4+0x50"},
		{"chain_4+0x50", 11, "chain…+0x50"},
		{"chain_4+0x50", 7, "c…+0x50"},
		{"chain_4+0x50", 6, "chain…"},
		{"nothing", 5, "noth…"},
		{"", 3, ""},
	} {
		if got := shorten(test.name, test.w); got != test.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", test.name, test.w, got, test.want)
		}
	}
}

// TestWidths holds that text made to fit does fit, whatever it is.
func TestWidths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("ab+0x →…─"))).Draw(t, "text")
		w := rapid.IntRange(0, 30).Draw(t, "width")
		if got := pad(s, w); utf8.RuneCountInString(got) != w {
			t.Errorf("pad(%q, %d) = %q", s, w, got)
		}
		if got := shorten(s, w); utf8.RuneCountInString(got) > w {
			t.Errorf("shorten(%q, %d) = %q", s, w, got)
		}
		at := rapid.IntRange(0, utf8.RuneCountInString(s)).Draw(t, "at")
		l := line{{string([]rune(s)[:at]), plain}, {string([]rune(s)[at:]), bad}}
		if got := l.fit(w).width(); got != w {
			t.Errorf("%q fitted to %d columns has %d", s, w, got)
		}
		if got := strings.Join(wrap(s, w), " "); strings.Join(strings.Fields(s), " ") != got {
			t.Errorf("wrapping %q gave %q", s, got)
		}
	})
}

// TestASCII holds a screen for terminals without UTF-8 to its promise, and to the layout of the other one.
func TestASCII(t *testing.T) {
	o := options(t, "fgraph/return", verdict.IRQ)
	utf8Screen := screenText(press(t, startWith(t, o, 80, 24), "N"))
	o.ASCII = true
	screen := screenText(press(t, startWith(t, o, 80, 24), "N"))
	if len(screen) != utf8.RuneCountInString(screen) || len(screen) != utf8.RuneCountInString(utf8Screen) {
		t.Errorf("not the same screen in ASCII:\n%s", screen)
	}
}
