// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"testing"

	"stacksweep/sweep/verdict"
)

// Counts stand before a key, as in vim.
func TestCounts(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 80, 24)
	end := m.in.Len()
	for _, test := range []struct {
		keys string
		want int
	}{
		{"1 0 n", 10}, {"5 9 1 G", 591}, {"G", end}, {"1 0 0 n 1 0 p", 90}, {"9 9 9 9 9 9 9 n", end},
		{"1 0 n 9 9 p", 0},
		{"1 0 esc n", 1}, // what was typed is dropped
		{"1 0 n n", 11},  // a count is for one key
		{"1 0 n 0", 0},   // 0 is a key of its own
		{"pgdown", 20}, {"2 pgdown pgup", 20},
		{"9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 n", end},
	} {
		if got := press(t, m, test.keys); got.step != test.want {
			t.Errorf("%q leads to step %d, want %d", test.keys, got.step, test.want)
		}
	}
	one := press(t, m, "N n N n N")
	if got := press(t, m, "3 N"); got.step == 0 || got.step != press(t, m, "N N N").step {
		t.Errorf("3N leads to step %d, N three times to %d (%d)", got.step, press(t, m, "N N N").step, one.step)
	}
	if got, want := press(t, m, "4 c").step, press(t, m, "c c c c").step; got != want {
		t.Errorf("4c leads to step %d, want %d", got, want)
	}
}

// Marks lead back to where they were set, in another scenario too, and so does the list of jumps.
func TestMarksAndJumps(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 80, 24)
	for _, test := range []struct{ keys, want string }{
		{"9 n m a G ` a", "fgraph/return:mainline@9"},
		{"9 n m a G ` a ` `", "fgraph/return:mainline@12935"},
		{"9 n m a g 'chain/plain@5 enter ` a", "fgraph/return:mainline@9"},
		{"9 n m a ` b", "fgraph/return:mainline@9"},   // no such mark
		{"9 n m esc ` a", "fgraph/return:mainline@9"}, // given up
		{"9 n m 7 ` 7", "fgraph/return:mainline@9"},   // no letter
		{"9 n G ctrl+o", "fgraph/return:mainline@9"},  // back
		{"9 n G ctrl+o tab", "fgraph/return:mainline@12935"},
		{"9 n G ctrl+o ctrl+o ctrl+o", "fgraph/return:mainline@9"},
		{"9 n G 5 G ctrl+o", "fgraph/return:mainline@12935"},
		{"9 n G 5 G 2 ctrl+o", "fgraph/return:mainline@9"},
		{"9 n G 5 G ctrl+o ctrl+o 2 tab", "fgraph/return:mainline@5"},
		{"9 n G 5 G ctrl+o 3 G tab", "fgraph/return:mainline@3"}, // what was newer is forgotten
		{"9 n g '77 enter ctrl+o", "fgraph/return:mainline@9"},
		{"9 n g 'chain/plain@5 enter ctrl+o", "fgraph/return:mainline@9"},
		{"9 n g 'chain/plain@5 enter ctrl+o tab", "chain/plain:mainline@5"},
		{"9 n s / 'chain/plain enter ctrl+o", "fgraph/return:mainline@9"},
		{"9 n n n ctrl+o", "fgraph/return:mainline@11"}, // steps are not jumps
	} {
		if got := press(t, m, test.keys); got.point().String() != test.want {
			t.Errorf("%q leads to %s, want %s", test.keys, got.point(), test.want)
		}
	}
}
