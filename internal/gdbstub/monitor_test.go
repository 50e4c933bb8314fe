// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"
	"strings"
	"testing"

	"stacksweep/sweep/verdict"
)

func TestMonitorErrors(t *testing.T) {
	s := stubAtStart(t)
	for command, want := range map[string]string{
		"frobnicate": `no command "frobnicate": try "monitor help"`,
		"goto":       "goto where?",
		"goto 1 2":   "goto where?",
		"goto -1":    "there is no step -1",
		"goto 99999999": fmt.Sprintf("fgraph/return:mainline has %d steps, so there is no @99999999",
			s.Run.Len()),
		"goto nowhere@1":       `no scenario "nowhere"`,
		"goto fgraph/return@x": `point fgraph/return:mainline@x: no symbol "x"`,
		"walk nobody":          `no walker "nobody": there are`,
		"walk sframe dance":    `no mode "dance": there are sync, blocked, irq, nmi`,
		"walk sframe sync":     "fgraph/return:mainline@0 is no point of mode sync",
		"prev-failure":         "no failure of sframe in mode irq before fgraph/return:mainline@0; there are",
	} {
		if got := monitor(t, s, command); !strings.HasPrefix(got, "stacksweep: "+want) ||
			strings.Count(got, "\n") != 1 {
			t.Errorf("monitor %s: %q, want %q", command, got, want)
		}
	}
	if s.Point.Step != 0 {
		t.Errorf("the stub has moved to %s", s.Point)
	}
}

func TestMonitorHelp(t *testing.T) {
	s := stubAtStart(t)
	help := monitor(t, s, "help")
	for _, c := range commands() {
		if !strings.Contains(help, "monitor "+c.name) {
			t.Errorf("%s is not in\n%s", c.name, help)
		}
	}
	if monitor(t, s, "") != help {
		t.Error("no command is not help")
	}
}

// TestMonitorFailures goes through all failures, there and back.
func TestMonitorFailures(t *testing.T) {
	s := newStub(t, "fgraph/resched@0")
	var want []int
	for step, m := range s.Run.Marks(s.Mode, s.Walker) {
		if v, ok := m.Verdict(); ok && !v.Conforming() {
			want = append(want, step)
		}
	}
	if len(want) == 0 {
		t.Fatal("nothing fails")
	}
	for _, step := range want {
		text := monitor(t, s, "next-failure")
		if s.Point.Step != step || s.Run.At().Step() != step || !strings.HasPrefix(text, s.Point.String()) {
			t.Fatalf("at %s, want step %d: %s", s.Point, step, text)
		}
	}
	if text := monitor(t, s, "next-failure"); !strings.Contains(text,
		fmt.Sprintf("there are %d in the run", len(want))) {
		t.Error(text)
	}
	for i := len(want) - 2; i >= 0; i-- {
		monitor(t, s, "prev-failure")
		if s.Point.Step != want[i] {
			t.Fatalf("at %s, want step %d", s.Point, want[i])
		}
	}
	if text := monitor(t, s, "prev-failure"); !strings.HasPrefix(text, "stacksweep: no failure") {
		t.Error(text)
	}
}

func TestMonitorGoto(t *testing.T) {
	s := newStub(t, "fgraph/return@0")
	first := s.Run
	for _, c := range []struct{ to, want string }{
		{"137", "fgraph/return:mainline@137"},
		{"@138", "fgraph/return:mainline@138"},
		{"@start", "fgraph/return:mainline@0"},
		{"fgraph/return@139", "fgraph/return:mainline@139"},
		{fmt.Sprint(s.Run.Len()), fmt.Sprintf("fgraph/return:mainline@%d", s.Run.Len())},
	} {
		if got := monitor(t, s, "goto "+c.to); !strings.HasPrefix(got, c.want+"  0x") || s.Run != first {
			t.Errorf("goto %s: %s", c.to, got)
		}
	}
	if got := monitor(t, s, "truth"); got != "stacksweep: the run is over, there is no stack\n" {
		t.Error(got)
	}
	if got := monitor(t, s, "goto chain/plain@50"); !strings.HasPrefix(got, "chain/plain:") || s.Run == first {
		t.Error(got)
	}
	if ask(t, s, "?") != "T05thread:1;" {
		t.Error("the last stop is of another run")
	}
}

// TestMonitorWalk compares what is printed with the walk itself.
func TestMonitorWalk(t *testing.T) {
	s := newStub(t, "fgraph/return@0")
	monitor(t, s, "next-failure")
	p, ok := s.Run.Walk(verdict.IRQ, s.Walker)
	if !ok {
		t.Fatal("no point")
	}
	lines := strings.Split(strings.TrimSuffix(monitor(t, s, "walk sframe irq"), "\n"), "\n")
	if want := fmt.Sprintf("sframe at %s, mode irq: OMITTED; it calls the trace reliable", s.Point); lines[0] != want {
		t.Errorf("%q, want %q", lines[0], want)
	}
	var truth, walk []string
	for _, l := range lines[2:] {
		f := strings.Fields(strings.TrimPrefix(l, "!"))
		if f[2] == "yes" {
			truth = append(truth, f[0])
		}
		if f[3] != "MISSING" {
			walk = append(walk, f[0])
		}
		if missing := f[3] == "MISSING"; missing != (l[0] == '!') {
			t.Errorf("marked wrongly: %s", l)
		}
	}
	for i, addr := range p.Truth {
		if want := fmt.Sprintf("%#x", addr); truth[i] != want {
			t.Errorf("truth %d is %s, want %s", i, truth[i], want)
		}
	}
	for i, f := range p.Trace.Frames {
		if want := fmt.Sprintf("%#x", f.PC); walk[i] != want {
			t.Errorf("frame %d is %s, want %s", i, walk[i], want)
		}
	}
	if len(truth) != len(p.Truth) || len(walk) != len(p.Trace.Frames) {
		t.Errorf("%d true frames and %d walked ones, want %d and %d", len(truth), len(walk), len(p.Truth),
			len(p.Trace.Frames))
	}
}
