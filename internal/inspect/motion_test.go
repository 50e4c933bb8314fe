// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"strings"
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// open records a run in which a task is switched out while the tracer's return handler runs.
func open(t *testing.T) *Inspector {
	t.Helper()
	target := corpustest.Target(t, "fgraph/resched")
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(target, walkers, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return New(s)
}

// stride leaves out some of the steps to begin at; it has no factor in common with loops of the code.
const stride = 7

// scan finds the nearest step beyond from at which a condition holds, by trying all.
func scan(from, low, high int, d Direction, holds func(step int) bool) (int, bool) {
	for step := from + int(d); step >= low && step <= high; step += int(d) {
		if holds(step) {
			return step, true
		}
	}
	return 0, false
}

// TestMotions compares every motion, from many steps and both ways, with what it is about.
func TestMotions(t *testing.T) {
	in := open(t)
	last := in.Len() - 1
	depth := make([]int, in.Len()+1)
	for step := range depth {
		depth[step] = in.Depth(step)
	}
	isCall := func(step int) bool { _, ok := in.CallAt(step); return ok }
	fails := func(m verdict.Mode) func(step int) bool {
		return func(step int) bool {
			for w := range in.Walkers {
				if v, ok := in.Marks(m, w)[step].Verdict(); ok && !v.Conforming() {
					return true
				}
			}
			return false
		}
	}
	// In mode NMI every step is a point, so a window is a run of failing steps.
	begins := func(step int) bool {
		return fails(verdict.NMI)(step) && (step == 0 || !fails(verdict.NMI)(step-1))
	}
	hook := in.Run.Hooks[0]
	for _, m := range []struct {
		name string
		move func(from int, d Direction) (int, bool)
		want func(from int, d Direction) (int, bool)
	}{
		{"over", in.Over, func(from int, d Direction) (int, bool) {
			return scan(from, 0, last+1, d, func(s int) bool { return depth[s] <= depth[from] })
		}},
		{"out", in.Out, func(from int, d Direction) (int, bool) {
			return scan(from, 0, last+1, d, func(s int) bool { return depth[s] < depth[from] })
		}},
		{"call", in.Call, func(from int, d Direction) (int, bool) { return scan(from, 0, last, d, isCall) }},
		{"failing", func(from int, d Direction) (int, bool) { return in.Failing(verdict.Sync, from, d) },
			func(from int, d Direction) (int, bool) { return scan(from, 0, last, d, fails(verdict.Sync)) }},
		{"window", func(from int, d Direction) (int, bool) { return in.FailingWindow(verdict.NMI, from, d) },
			func(from int, d Direction) (int, bool) { return scan(from, 0, last, d, begins) }},
		{"execution", func(from int, d Direction) (int, bool) { return in.Execution(hook, from, d) },
			func(from int, d Direction) (int, bool) {
				return scan(from, 0, last, d, func(s int) bool { return in.Recording.PC(s) == hook })
			}},
		{"search", func(from int, d Direction) (int, bool) { return in.Search("chain_2+0x18", from, d) },
			func(from int, d Direction) (int, bool) {
				return scan(from, 0, last, d, func(s int) bool {
					return strings.Contains(in.Name(in.Recording.PC(s)), "chain_2+0x18")
				})
			}},
	} {
		found := 0
		for from := 0; from <= in.Len(); from += stride {
			for _, d := range []Direction{Forwards, Backwards} {
				step, ok := m.move(from, d)
				want, wantOK := m.want(from, d)
				if step != want || ok != wantOK {
					t.Errorf("%s from %d, direction %d: %d, %v; want %d, %v", m.name, from, d, step, ok, want, wantOK)
				}
				if ok {
					found++
				}
			}
			if t.Failed() {
				break
			}
		}
		if found == 0 {
			t.Errorf("%s never found anything", m.name)
		}
	}
}

// TestFailingWindowAcrossGaps has points with other steps between them.
func TestFailingWindowAcrossGaps(t *testing.T) {
	in := open(t)
	first, ok := in.Failing(verdict.Sync, -1, Forwards)
	if !ok {
		t.Fatal("no failing point")
	}
	for step, want := first, first; ok; step, ok = in.FailingWindow(verdict.Sync, want, Forwards) {
		if step < want {
			t.Fatalf("window at %d after %d", step, want)
		}
		for s := step - 1; s >= 0; s-- {
			if in.isPoint(verdict.Sync, s) {
				if in.fails(verdict.Sync, s) {
					t.Errorf("window at %d begins after the failing point %d", step, s)
				}
				break
			}
		}
		want = step
	}
}

func TestChange(t *testing.T) {
	in := open(t)
	for _, text := range []string{"curr_ret_stack", "tracer_entries", "init_task+8/4", "sp-8/1"} {
		w, err := in.ParseWatch(text)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]uint64, in.Len()+1)
		for step := range values {
			if err := in.Seek(step); err != nil {
				t.Fatal(err)
			}
			values[step], _ = in.Value(w)
		}
		if err := in.Seek(77); err != nil {
			t.Fatal(err)
		}
		found := 0
		for from := 0; from <= in.Len(); from += stride {
			for _, d := range []Direction{Forwards, Backwards} {
				c, ok := in.Change(w, from, d)
				want, wantOK := scan(from, 1, in.Len(), d, func(s int) bool { return values[s] != values[s-1] })
				if ok != wantOK || ok && c != (Change{want - 1, values[want-1], values[want]}) {
					t.Fatalf("%s from %d, direction %d: %+v, %v; want point %d, %v", text, from, d, c, ok, want, wantOK)
				}
				if ok {
					found++
				}
			}
		}
		if found == 0 {
			t.Errorf("%s never changes", text)
		}
		if in.At().Step() != 77 {
			t.Errorf("%s: looking for changes moved the session to %d", text, in.At().Step())
		}
	}
}
