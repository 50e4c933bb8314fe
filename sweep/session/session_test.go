// SPDX-License-Identifier: GPL-2.0-only

package session_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// What a sweep finds at a pair is what the named point shows: there the truth is that of the whole interrupted run, and
// the exception one of its parts.
func TestPairIsItsPoint(t *testing.T) {
	for _, name := range []string{"termination/outermost", "stale/register:wrong", "kretprobe/annotated:mainline",
		"kretprobe/annotated:plain", "pac/gcc"} {
		for _, walkers := range []string{"v6.17,sframe", "v6.1,v6.12"} {
			specs, err := registry.Find(walkers)
			if err != nil {
				t.Fatal(err)
			}
			var r *sweep.RunResult
			o := sweep.Options{Walkers: specs, Modes: []verdict.Mode{verdict.Pairs}, Jobs: 1,
				Keep: func(*sweep.Point) bool {
					return true
				}}
			if err := sweep.Sweep(t.Context(), []verdict.Target{corpustest.Target(t, name)}, o,
				func(result *sweep.RunResult) error {
					r = result
					return nil
				}); err != nil {
				t.Fatal(err)
			}
			steps := slices.Compact(slices.Sorted(func(yield func(int) bool) {
				for i := range r.Points {
					if !yield(r.Points[i].Step) {
						return
					}
				}
			}))
			for i, step := range steps {
				if i%(len(steps)/3) != 0 { // some of them will do
					continue
				}
				points := slices.DeleteFunc(slices.Clone(r.Points), func(p sweep.Point) bool { return p.Step != step })
				comparePoints(t, specs, points)
			}
		}
	}
}

// comparePoints opens the named points of a sweep, all of the same first exception, and compares.
func comparePoints(t *testing.T, specs []registry.Spec, points []sweep.Point) {
	t.Helper()
	var s *session.Session
	for i := range points {
		p := &points[i]
		name, err := verdict.ParsePoint(corpus.All(), p.Key.PointName(p.Position))
		if err != nil {
			t.Fatal(err)
		}
		if s == nil {
			if s, err = session.Open(name.Target, specs, scenarios.Options{}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
		}
		if name, err = s.Resolve(name); err != nil || name.String() != p.Key.PointName(p.Position) {
			t.Fatalf("%s: resolved to %v, %v", p.Key.PointName(p.Position), name, err)
		}
		if err := s.Seek(name.Step); err != nil {
			t.Fatal(err)
		}
		w := slices.IndexFunc(specs, func(w registry.Spec) bool { return w.Name == p.Walker })
		got, ok := s.Walk(verdict.Pairs, w)
		if !ok {
			t.Fatalf("%v is no point", name)
		}
		if diff := cmp.Diff(*p, got); diff != "" {
			t.Fatalf("%v: (-sweep +point)\n%s", name, diff)
		}
		if got := s.Marks(verdict.Pairs, w)[name.Step]; got != session.Mark(p.Verdict) {
			t.Fatalf("%v: marked %v, want %v", name, got, p.Verdict)
		}
	}
	if n := len(points) / len(specs); s.Marks(verdict.Pairs, 0)[points[0].Step+n] != session.NoPoint {
		t.Errorf("%d steps after step %d there is still a pair", n, points[0].Step)
	}
}

// Names of pairs, and what is wrong with them.
func TestPairNames(t *testing.T) {
	for text, want := range map[string]string{
		"chain/plain@100/20":              "chain/plain:mainline@100/20",
		"chain/plain@0/0":                 "chain/plain:mainline@0/0",
		"chain/plain@100/el1h_64_irq+0x8": "chain/plain:mainline@100/9",
		"chain/plain@chain_2/handle_irq":  "chain/plain:mainline@43/52",
		"chain/plain@chain_leaf#2/30":     "chain/plain:mainline@122/30",
		"chain/plain@100/200":             "chain/plain:mainline@100/200", // after the exception
		"chain/plain@100/chain_leaf":      "chain/plain:mainline@100/93",  // the first time since
		"chain/plain@100/":                "neither a step nor a symbol",
		"chain/plain@100/-1":              "neither a step nor a symbol",
		"chain/plain@/1":                  "neither a step nor a symbol",
		"chain/plain@100/1/2":             "neither a step nor a symbol",
		"chain/plain@100000/1":            "no interrupt can be taken there",
		"chain/plain@nowhere/1":           "no interrupt can be taken there",
		"chain/plain@100/100000":          "past the end",
		"chain/plain@100/nowhere":         "no symbol",
		"chain/plain@100/run_chain":       "executes that instruction 0 times",
	} {
		got, err := resolve(text)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if err != nil {
			continue
		}
		if again, err := resolve(got); err != nil || again != got {
			t.Errorf("%s: %s, %v the second time", got, again, err)
		}
	}
}

func resolve(text string) (string, error) {
	name, err := verdict.ParsePoint(corpus.All(), text)
	if err != nil {
		return "", err
	}
	s, err := session.Open(name.Target, nil, scenarios.Options{})
	if err != nil {
		return "", err
	}
	name, err = s.Resolve(name)
	return name.String(), err
}

// An interrupted run has the entry code of one kind of kernel, and walkers of the other kind have no pairs in it.
func TestPairIsOfOneKindOfKernel(t *testing.T) {
	for walkers, want := range map[string][]bool{
		"v6.12,v6.17": {false, true},
		"v6.1,v6.12":  {true, true},
		"v6.17,fp":    {true, true},
	} {
		specs, err := registry.Find(walkers)
		if err != nil {
			t.Fatal(err)
		}
		name, err := verdict.ParsePoint(corpus.All(), "chain/plain@100/30")
		if err != nil {
			t.Fatal(err)
		}
		s, err := session.Open(name.Target, specs, scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Seek(name.Step); err != nil {
			t.Fatal(err)
		}
		for w := range specs {
			_, ok := s.Walk(verdict.Pairs, w)
			if marked := s.Marks(verdict.Pairs, w)[name.Step] != session.NoPoint; ok != want[w] || marked != want[w] {
				t.Errorf("%s: a pair of %s: %v, marked %v", walkers, specs[w].Name, ok, marked)
			}
		}
	}
}
