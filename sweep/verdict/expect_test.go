// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseExpectations(t *testing.T) {
	got, err := ParseExpectations("x", strings.NewReader(`
# comment
fgraph/*  mainline  sync,irq  v6.17  f+0x10..0x1c  omitted  lost, see the list
leaf/*,k/*(young)  *  irq     *      strlen*,g+4   exact    a leaf
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Expectation{
		{Line: 3, Scenarios: []Subjects{{Name: "fgraph/*"}}, Variants: []string{"mainline"},
			Modes: []string{"sync", "irq"}, Walkers: []string{"v6.17"},
			Places: []Place{{Symbol: "f", From: 0x10, To: 0x1c}}, Verdict: Omitted, Reason: "lost, see the list"},
		{Line: 4, Scenarios: []Subjects{{Name: "leaf/*"}, {Name: "k/*", Trait: "young"}}, Variants: []string{"*"},
			Modes: []string{"irq"}, Walkers: []string{"*"}, Places: []Place{{Symbol: "strlen*", Whole: true},
				{Symbol: "g", From: 4, To: 4}}, Verdict: Exact, Reason: "a leaf"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{
		"a b c d e",
		"a b c d e nonsense why",
		"a b c d e+zz omitted why",
		"a b c d e+0..zz omitted why",
		"[ b c d e omitted why",
		"a() b c d e omitted why",
		"a) b c d e omitted why",
		"[(t) b c d e omitted why",
		"a b c d [ omitted why",
	} {
		if _, err := ParseExpectations("x", strings.NewReader(bad)); err == nil ||
			!strings.HasPrefix(err.Error(), "x:1: ") {
			t.Errorf("%q: got error %v, want one that names x:1", bad, err)
		}
	}
}

func TestClassify(t *testing.T) {
	lines := []*Expectation{
		{Places: []Place{{Symbol: "f", From: 8, To: 12}}, Verdict: Omitted},
		{Places: []Place{{Symbol: "g", Whole: true}}, Verdict: Exact},
	}
	for _, tt := range []struct {
		name       string
		symbol     string
		offset     uint64
		v          Verdict
		excused    bool
		regression bool
	}{
		{"excused", "f", 8, Omitted, true, false},
		{"at the end of the range", "f", 12, Omitted, true, false},
		{"outside the range", "f", 16, Omitted, false, true},
		{"another unsound verdict", "f", 8, Wrong, false, true},
		{"better than excused", "f", 8, Refused, false, false},
		{"refused is always conforming", "h", 0, Refused, false, false},
		{"but not where exact is demanded", "g", 0, Refused, false, true},
		{"unsound without a line", "h", 0, Ghost, false, true},
	} {
		excuse, regression := Classify(lines, tt.symbol, tt.offset, tt.v)
		if (excuse != nil) != tt.excused || regression != tt.regression {
			t.Errorf("%s: excused %v, regression %v; want %v, %v", tt.name, excuse != nil, regression, tt.excused,
				tt.regression)
		}
	}
}

// A line with a trait speaks of kernels that have it.
func TestTraits(t *testing.T) {
	expect, err := ParseExpectations("x", strings.NewReader(`
k/*(young),z/* * * * * omitted why
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		scenario string
		traits   []string
		want     bool
	}{
		{"k/a", []string{"big", "young"}, true},
		{"k/a", []string{"big"}, false},
		{"k/a", nil, false},
		{"z/a", nil, true},
		{"y/a", []string{"young"}, false},
	} {
		if got := expect[0].Applies(Key{Scenario: tt.scenario}, tt.traits); got != tt.want {
			t.Errorf("%s with %v: applies %t", tt.scenario, tt.traits, got)
		}
	}
}

// What a compiler or an option makes a function of is as well known as what another one inlines.
func TestKernelsOfAllCompilers(t *testing.T) {
	all, err := BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		scenario, variant, walker, trait, symbol string
		known                                    bool
	}{
		{"fgraph-return", "empty", "sframe", "bare-trampoline", "ftrace_return_to_handler", true},
		{"fgraph-return", "empty", "sframe", "bare-trampoline", "__asan_load8", true},           // KASAN
		{"fgraph-cycle", "full", "cfi", "bare-trampoline", "kasan_check_range", true},           // KASAN
		{"kretprobe-traced", "body", "sframe-v7", "bare-trampoline", "get_ret_stack", true},     // gcc 13
		{"walks", "from-return", "sframe", "bare-trampoline", "__preempt_count_add.isra", true}, // PREEMPT
		{"fgraph-return", "empty", "sframe", "", "__asan_load8", false},
		{"fgraph-return", "empty", "sframe-recover", "bare-trampoline", "__asan_load8", false},
		{"functions", "plain", "sframe", "bare-trampoline", "__asan_load8", false},
		{"self-walk", "plain", "sframe-loop", "late-cfa", "arch_stack_walk_reliable", true}, // gcc 13 to 16
		{"self-walk", "plain", "sframe-loop", "", "arch_stack_walk_reliable", false},
		{"walks", "from-entry", "cfi", "late-cfa", "arch_stack_walk", true},
		{"functions", "wrong-row", "sframe-v6", "", "perf_trace_sched_switch", true},
		{"functions", "wrong-row", "sframe-loop", "", "dump_backtrace.part.0", true},
		{"functions", "wrong-row", "sframe", "", "vfs_read", false},
	} {
		excused := func(m Mode, symbol string) bool {
			k := Key{Scenario: "kernel/own/" + tt.scenario, Variant: tt.variant, Mode: m, Walker: tt.walker}
			var lines []*Expectation
			for i := range all {
				if all[i].Applies(k, []string{tt.trait}) {
					lines = append(lines, &all[i])
				}
			}
			excuse, _ := Classify(lines, symbol, 0x40, Omitted)
			return excuse != nil
		}
		if got := excused(IRQ, tt.symbol); got != tt.known {
			t.Errorf("%+v: excused %t", tt, got)
		}
		if tt.known && !excused(Pairs, "__irq_exit_rcu") {
			t.Errorf("%+v: it isn't excused when a second exception follows", tt)
		}
	}
}

// A name matches a pattern as path.Match has it.
func TestMatch(t *testing.T) {
	letters := rapid.StringMatching(`[ab/+-]{0,4}`)
	part := rapid.OneOf(letters, rapid.SampledFrom([]string{"*", "?", "[ab]", "[^a]", `\*`, `\a`, "[a-b]*"}))
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(part, 0, 4).Draw(t, "pattern"), "")
		name := rapid.StringMatching(`[ab*/+-]{0,6}`).Draw(t, "name")
		if rapid.Bool().Draw(t, "like the pattern") {
			name = strings.NewReplacer("*", "ab", "?", "b", "[ab]", "a", "[^a]", "b", `\`, "").Replace(pattern)
		}
		want, err := path.Match(pattern, name)
		if err != nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		if got := match(pattern, name); got != (want || pattern == "*") {
			t.Fatalf("%q matches %q: %v", pattern, name, got)
		}
	})
}
