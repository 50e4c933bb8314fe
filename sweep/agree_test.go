// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// trace makes a trace of addresses.
func trace(reliable bool, pcs ...uint64) unwind.Trace {
	t := unwind.Trace{Reliable: reliable}
	for _, pc := range pcs {
		t.Add(unwind.Frame{PC: pc})
	}
	return t
}

func TestDifference(t *testing.T) {
	warned := trace(true, 1, 2)
	warned.Warn(unwind.GraphLost, 0)
	for _, tt := range []struct {
		name   string
		a, b   unwind.Trace
		claims bool
		want   string
	}{
		{"the same", trace(true, 1, 2), trace(true, 1, 2), true, ""},
		{"nothing", trace(false), trace(false), true, ""},
		{"another frame", trace(true, 1, 2, 3), trace(true, 1, 7, 3), true, "frame 1 is 0x2 and 0x7"},
		{"a frame less", trace(true, 1, 2), trace(true, 1), true, "2 and 1 frames"},
		{"another frame, and one less", trace(true, 1, 2), trace(true, 3), true, "frame 0 is 0x1 and 0x3"},
		{"another claim", trace(true, 1), trace(false, 1), true, "reliable is true and false"},
		{"another claim of one that makes none", trace(true, 1), trace(false, 1), false, ""},
		{"a warning", trace(true, 1, 2), warned, true, "0 and 1 warnings"},
		{"a warning without claims", warned, trace(false, 1, 2), false, "1 and 0 warnings"},
	} {
		if got := difference(&tt.a, &tt.b, tt.claims); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Points are paired by step and mode, whatever the order of the two walkers, and others are passed over.
func TestAgree(t *testing.T) {
	point := func(step int, m verdict.Mode, walker string, trace unwind.Trace) Point {
		return Point{Key: verdict.Key{Walker: walker, Mode: m}, Position: verdict.Position{Step: step}, Trace: trace}
	}
	s := &Subject{}
	all := []Point{
		point(1, verdict.Sync, "a", trace(true, 1)), point(1, verdict.Sync, "x", trace(true, 5)),
		point(1, verdict.Sync, "b", trace(true, 1)),
		point(1, verdict.IRQ, "b", trace(true, 2)), point(1, verdict.IRQ, "a", trace(true, 1)),
		point(2, verdict.IRQ, "a", trace(true, 1)),
		point(3, verdict.IRQ, "a", trace(true, 1)), point(3, verdict.IRQ, "b", trace(false, 1)),
		point(4, verdict.NMI, "b", trace(true, 1)),
	}
	whats := func(d []Disagreement) (all []string) {
		for _, d := range d {
			if d.A.Walker != "a" || d.B.Walker != "b" {
				t.Errorf("%s is compared with %s", d.A.Walker, d.B.Walker)
			}
			all = append(all, d.What)
		}
		return all
	}
	n, differences := Agree(s, all, "a", "b")
	if diff := cmp.Diff([]string{"frame 0 is 0x1 and 0x2", "reliable is true and false"},
		whats(differences)); n != (Compared{3, 3}) || diff != "" {
		t.Errorf("%+v, want 3 points, all answered; differences (-want +got):\n%s", n, diff)
	}
	s.Claimless = map[string]bool{"b": true}
	if _, differences = Agree(s, all, "a", "b"); !slices.Equal(whats(differences), []string{"frame 0 is 0x1 and 0x2"}) {
		t.Errorf("with a walker that makes no claim: %v", whats(differences))
	}
}

// An image that contains no unwinder has no walks by one: it is absent, with the reason.
func TestNoNativeUnwinder(t *testing.T) {
	for _, spec := range registry.Native() {
		o := Options{Walkers: []registry.Spec{spec}, Modes: []verdict.Mode{verdict.Sync}, Jobs: 1}
		err := Sweep(t.Context(), []verdict.Target{corpustest.Target(t, "chain/plain")}, o, func(r *RunResult) error {
			if len(r.Summaries) != 0 || r.Absent[spec.Name] == "" {
				t.Errorf("%s: %+v, absent: %q", spec.Name, r.Summaries, r.Absent)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A point that both refuse is compared, and not counted as answered.
func TestAgreeCountsAnswers(t *testing.T) {
	var all []Point
	for step, reliable := range [][2]bool{{false, false}, {true, false}, {false, true}} {
		for i, walker := range []string{"a", "b"} {
			all = append(all, Point{Key: verdict.Key{Walker: walker}, Position: verdict.Position{Step: step},
				Trace: unwind.Trace{Reliable: reliable[i]}})
		}
	}
	if n, differences := Agree(&Subject{}, all, "a", "b"); n != (Compared{3, 2}) || len(differences) != 2 {
		t.Errorf("%+v, %d differences; want 3 points, 2 answered and different", n, len(differences))
	}
	if n, _ := Agree(&Subject{}, all, "a", "c"); n != (Compared{}) {
		t.Errorf("%+v with a walker that walked nothing", n)
	}
}
