// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// What y copies runs when it is pasted: the flags of the user's file are in it, and names are quoted.
func TestCopiedCommand(t *testing.T) {
	o := options(t, "fgraph/return@591", verdict.IRQ)
	o.Walkers = append(o.Walkers[:1:1], registry.Spec{Name: "exec:python3 liar.py", New: o.Walkers[0].New})
	o.Flags = func(string) string { return " -image x.o -call 'f(1)'" }
	m := startWith(t, o, 100, 30)
	if got, want := m.showCommand(), "stacksweep show -image x.o -call 'f(1)' fgraph/return:mainline@591 -mode irq "+
		"-walker 'v6.17,exec:python3 liar.py'"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A watch on a register's place says which address that was.
func TestWatchNamesTheAddress(t *testing.T) {
	m := startWith(t, options(t, "fgraph/return@591", verdict.IRQ), 100, 30)
	m.startWatch("x0")
	if !strings.HasPrefix(m.watch.Name, "x0 [") || !strings.Contains(m.watch.Name, "stack+0x") {
		t.Errorf("the watch is called %q", m.watch.Name)
	}
	m.startWatch("tracer_entries")
	if m.watch.Name != "tracer_entries" {
		t.Errorf("the watch is called %q", m.watch.Name)
	}
}

// The chooser finds a scenario by a part of its name; another variant is opened at the same place.
func TestChooserFindsAndKeepsThePlace(t *testing.T) {
	m := startWith(t, options(t, "fgraph/return@ftrace_return_to_handler", verdict.IRQ), 100, 30)
	if m.look.place != "ftrace_return_to_handler+0x0" {
		t.Fatalf("the point is at %s", m.look.place)
	}
	chooseScenario(&m)
	for _, key := range "/return:record" {
		m = send(t, m, tea.KeyPressMsg{Code: key, Text: string(key)})
	}
	m = send(t, m, tea.KeyPressMsg{Code: tea.KeyEnter})
	if m.target.String() != "fgraph/return:record" || m.look.place != "ftrace_return_to_handler+0x0" ||
		m.look.nth != 1 {
		t.Errorf("opened %s at %s", m.target, m.look.place)
	}
}
