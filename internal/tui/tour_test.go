// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"testing"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// TestTour goes from stop to stop, and holds what each one says against what is there.
func TestTour(t *testing.T) {
	o := options(t, "fgraph/return", verdict.IRQ)
	o.Tour = true
	m := startWith(t, o, 80, 24)
	returns := func() uint64 { return m.in.Recording.PC(m.tour.stops[0].step) + 4 }
	register := func(name string) uint64 {
		for _, r := range m.look.registers {
			if r.Name == name {
				return r.Value
			}
		}
		t.Fatalf("no register %s", name)
		return 0
	}
	hook := m.in.Run.Hooks[0]
	verdicts := func(v617, sframe verdict.Verdict) {
		t.Helper()
		for i, want := range []verdict.Verdict{v617, sframe} {
			if got := m.look.walks[i].Verdict; got != want {
				t.Errorf("stop %q: %s says %s, want %s", m.tour.stops[m.tour.at].name,
					m.look.walks[i].Walker, got, want)
			}
		}
	}
	top := func() inspect.Fate { return m.look.shadow[0].Fate }
	for _, stop := range []struct {
		name  string
		check func() bool
	}{
		{"a call", func() bool {
			verdicts(verdict.Refused, verdict.Exact)
			_, ok := m.in.CallAt(m.step)
			return ok
		}},
		{"the tracer is called", func() bool {
			verdicts(verdict.Refused, verdict.Refused)
			return register("x9") == returns() && m.look.place == "ftrace_caller+0x0"
		}},
		{"the shadow stack", func() bool {
			return top() == inspect.Added && m.look.shadow[0].Entry.Ret == returns()
		}},
		{"a return address that is none", func() bool {
			verdicts(verdict.Refused, verdict.Exact)
			return register("x30") == hook
		}},
		{"the return", func() bool {
			verdicts(verdict.Refused, verdict.Exact)
			return m.look.pc == hook
		}},
		{"inside the trampoline", func() bool {
			verdicts(verdict.Refused, verdict.Refused)
			return functionName(m.look.place) == functionName(m.in.Name(hook))
		}},
		{"the caller is lost", func() bool {
			verdicts(verdict.Refused, verdict.Omitted)
			return m.look.walks[1].Lacks() == returns() && m.look.walks[1].Trace.Reliable
		}},
		{"without any interrupt", func() bool {
			verdicts(verdict.Omitted, verdict.Omitted)
			for _, l := range m.look.code {
				if l.Here && !strings.HasPrefix(l.Text, "blr ") {
					return false
				}
			}
			return m.mode == verdict.Sync && m.look.walks[0].Lacks() == returns()
		}},
		{"the pop", func() bool {
			return m.mode == verdict.IRQ && top() == inspect.Gone && m.look.shadow[0].Entry.Ret == returns()
		}},
		{"back in the trampoline", func() bool {
			return register("x0") == returns() && register("x30") != returns() &&
				m.look.place != "return_to_handler+0x0"
		}},
		{"LR is right again", func() bool { return register("x30") == returns() }},
	} {
		if got := m.tour.stops[m.tour.at].name; got != stop.name {
			t.Fatalf("stop %d is %q, want %q", m.tour.at, got, stop.name)
		}
		if !stop.check() {
			t.Errorf("stop %q is not what it says:\n%s", stop.name, screenText(m))
		}
		if len(m.tour.stops[m.tour.at].text) > 5*75 {
			t.Errorf("stop %q says too much for a small terminal", stop.name)
		}
		m = press(t, m, "enter")
	}
	checkMend(t, m)
	last := m.tour.at
	m = press(t, m, "enter")
	if m.tour.at != last || !strings.Contains(screenText(m), "last stop") {
		t.Error("the tour goes on after its last stop")
	}
	m = press(t, m, "backspace backspace")
	if m.tour.at != last-2 || m.target.String() != "fgraph/return:mainline" {
		t.Errorf("two stops back is stop %d of %s", m.tour.at, m.target)
	}
	if m = press(t, m, "t"); m.tour != nil {
		t.Error("t doesn't leave the tour")
	}
	if m = press(t, m, "n t"); m.tour == nil || m.tour.at != last-2 {
		t.Error("t doesn't go on with the tour where it was left")
	}
	if m = press(t, m, "t g 'chain/plain enter t"); m.tour != nil {
		t.Error("there is a tour through a run without a return hook")
	}
}

// checkMend holds the last stop against the variants that there are.
func checkMend(t *testing.T, m Model) {
	t.Helper()
	s := m.tour.stops[m.tour.at]
	if s.name != "the mend" {
		t.Fatalf("the last stop is %q", s.name)
	}
	if len(m.target.Scenario.Variants) == 1 {
		if !strings.HasPrefix(s.text, "A mend must") {
			t.Errorf("without a mended variant the tour says %q", s.text)
		}
		return
	}
	if m.target.Variant == "mainline" || !strings.HasPrefix(s.text, "Variant "+m.target.Variant) {
		t.Errorf("the last stop is in variant %s and says %q", m.target.Variant, s.text)
	}
	if m.look.place == "" || m.look.walks == nil {
		t.Errorf("nothing to see at the last stop:\n%s", screenText(m))
	}
}

func TestNoTour(t *testing.T) {
	o := options(t, "chain/plain", verdict.IRQ)
	o.Tour = true
	if _, err := New(o); err == nil {
		t.Error("a tour through a run in which nothing is traced")
	}
	m := press(t, start(t, "chain/plain", verdict.IRQ, 80, 24), "t")
	if m.tour != nil || !m.alarm {
		t.Error("t starts a tour where there is nothing to see")
	}
}
