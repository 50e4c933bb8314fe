// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// sweepTargets sweeps targets with all walkers in all modes and returns the results.
func sweepTargets(t *testing.T, targets []verdict.Target, change func(*Options)) []*RunResult {
	t.Helper()
	o := Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: 2}
	if change != nil {
		change(&o)
	}
	var all []*RunResult
	if err := Sweep(t.Context(), targets, o, func(r *RunResult) error {
		all = append(all, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// verdictsIn says which verdicts a walker got in a mode at the instructions of a function, and at how many of them.
func verdictsIn(t *testing.T, r *RunResult, walker string, m verdict.Mode, symbol string) map[verdict.Verdict]int {
	t.Helper()
	got := map[verdict.Verdict]int{}
	for i := range r.Points {
		p := &r.Points[i]
		name, _ := r.Symbols.Locate(p.PC)
		if p.Walker == walker && p.Mode == m && name == symbol {
			got[p.Verdict]++
		}
	}
	return got
}

func keepAll(o *Options) { o.Keep = func(*Point) bool { return true } }

// The lost caller, as the sweep finds it.
func TestFunctionGraphReturn(t *testing.T) {
	r := sweepTargets(t, []verdict.Target{corpustest.Target(t, "fgraph/return:mainline")}, keepAll)[0]
	for _, tt := range []struct {
		walker string
		mode   verdict.Mode
		symbol string
		want   verdict.Verdict // at every point
	}{
		// A synchronous walk from a callback claims to be reliable and lacks the caller.
		{"v6.17", verdict.Sync, "count_return", verdict.Omitted},
		{"v6.17", verdict.Sync, "ftrace_return_to_handler", verdict.Omitted},
		// With SFrame across the exception, so does every instruction of the C handler and of what it calls.
		{"sframe", verdict.IRQ, "ftrace_return_to_handler", verdict.Omitted},
		{"sframe", verdict.IRQ, "count_return", verdict.Omitted},
		// The entry side makes both the function and its caller visible.
		{"sframe", verdict.Sync, "ftrace_graph_func", verdict.Exact},
		{"sframe", verdict.IRQ, "ftrace_graph_func", verdict.Exact},
		{"v6.17", verdict.Sync, "count_entry", verdict.Exact},
		// Callers of traced functions are not affected.
		{"v6.17", verdict.Sync, "chain_4", verdict.Exact},
		{"v6.17", verdict.Sync, "chain_2", verdict.Exact},
		{"v6.17", verdict.IRQ, "chain_4", verdict.Refused},
	} {
		got := verdictsIn(t, r, tt.walker, tt.mode, tt.symbol)
		if len(got) != 1 || got[tt.want] == 0 {
			t.Errorf("%s %v %s: got %v, want only %v", tt.walker, tt.mode, tt.symbol, got, tt.want)
		}
	}
	// In the trampoline itself: exact before its first instruction, refused after it.
	for i := range r.Points {
		p := &r.Points[i]
		symbol, offset := r.Symbols.Locate(p.PC)
		if symbol != "return_to_handler" || p.Walker != "sframe" || p.Mode != verdict.IRQ {
			continue
		}
		want := verdict.Refused
		if offset == 0 {
			want = verdict.Exact
		}
		if p.Verdict != want {
			t.Errorf("return_to_handler+%#x: got %v, want %v", offset, p.Verdict, want)
		}
	}
	// In the body of traced functions, after the two instructions that the tracer put there and that have no SFrame
	// row: exact.
	for i := range r.Points {
		p := &r.Points[i]
		symbol, offset := r.Symbols.Locate(p.PC)
		if (symbol == "chain_3" || symbol == "chain_leaf") && offset >= 8 && p.Walker == "sframe" &&
			p.Mode == verdict.IRQ && p.Verdict != verdict.Exact {
			t.Errorf("%s+%#x at step %d: got %v, want exact", symbol, offset, p.Step, p.Verdict)
		}
	}
}

// Every missing frame in the return handler is the hooked caller, and nothing else.
func TestMissingFrameIsTheHookedCaller(t *testing.T) {
	r := sweepTargets(t, []verdict.Target{corpustest.Target(t, "fgraph/return:mainline")}, nil)[0]
	n := 0
	for _, w := range r.Windows {
		if w.Walker != "sframe" || w.Verdict != verdict.Omitted {
			continue
		}
		n++
		if name, _ := r.Symbols.Locate(w.Missing); name != "chain_4" && name != "chain_3" && name != "chain_2" {
			t.Errorf("%s+%#x: %s is missing, which is no caller of a traced function", w.Symbol, w.From, name)
		}
	}
	if n == 0 {
		t.Error("no window at all")
	}
}

// Live patching as kernels have it today walks blocked tasks: when the handler was preempted after the pop, the
// trace is called reliable and the caller is missing.
func TestBlockedInReturnHandler(t *testing.T) {
	r := sweepTargets(t, []verdict.Target{corpustest.Target(t, "fgraph/resched:mainline")}, keepAll)[0]
	got := verdictsIn(t, r, "v6.17", verdict.Blocked, "schedule")
	if diff := cmp.Diff(map[verdict.Verdict]int{verdict.Omitted: 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStrlen(t *testing.T) {
	annotated := sweepTargets(t, []verdict.Target{corpustest.Target(t, "leaf/strlen:annotated")}, keepAll)[0]
	if got := verdictsIn(t, annotated, "sframe", verdict.IRQ, "strlen_annotated"); len(got) != 1 ||
		got[verdict.Exact] == 0 {
		t.Errorf("annotated: got %v, want only exact", got)
	}
	bare := sweepTargets(t, []verdict.Target{corpustest.Target(t, "leaf/strlen:bare")}, keepAll)[0]
	if got := verdictsIn(t, bare, "sframe", verdict.IRQ, "strlen_bare"); len(got) != 1 || got[verdict.Refused] == 0 {
		t.Errorf("bare: got %v, want only refused", got)
	}
}

// summaries is what must not depend on how a sweep is done.
func summaries(all []*RunResult) string {
	var b strings.Builder
	for _, r := range all {
		for _, s := range r.Summaries {
			fmt.Fprintln(&b, s)
		}
		for _, w := range r.Windows {
			w.Excuse = nil
			fmt.Fprintln(&b, w)
		}
	}
	return b.String()
}

// No verdict depends on how many goroutines work, nor on where the stack is. The exception is the CFA mask 0x15 of
// sframe-v6, which takes every other multiple of 16 for misaligned.
func TestVerdictsDontDependOn(t *testing.T) {
	var targets []verdict.Target
	for i, target := range verdict.Targets(corpus.All()) {
		if i%5 == 0 { // not all of them, for the sake of time
			targets = append(targets, target)
		}
	}
	aligned := slices.DeleteFunc(registry.All(), func(w registry.Spec) bool {
		return strings.HasPrefix(w.Name, "sframe-v6")
	})
	for _, tt := range []struct {
		what    string
		walkers []registry.Spec
		change  func(*Options)
	}{
		{"the number of goroutines", registry.All(), func(o *Options) { o.Jobs = 5 }},
		{"a stack shift of 32", registry.All(), func(o *Options) { o.Build.Shift = 32 }},
		{"a stack shift of 16", aligned, func(o *Options) { o.Build.Shift = 16 }},
		{"a stack shift of 48", aligned, func(o *Options) { o.Build.Shift = 48 }},
	} {
		want := summaries(sweepTargets(t, targets, func(o *Options) { o.Walkers, o.Jobs = tt.walkers, 1 }))
		got := summaries(sweepTargets(t, targets, func(o *Options) { o.Walkers = tt.walkers; tt.change(o) }))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("verdicts depend on %s:\n%s", tt.what, diff)
		}
	}
}

// A long run is judged from a stream; it must come out as from a recording, whatever the lanes.
func TestStreamEqualsRecording(t *testing.T) {
	run, err := corpustest.Target(t, "fgraph/return").Scenario.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: 3}
	keepAll(o)
	r := newRunner(run, o)
	var points []Point
	r.points = func(_ *Subject, some []Point) error {
		points = append(points, some...)
		return nil
	}
	want, err := r.sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want.Points = points
	for _, steps := range []int{997, 4096} {
		r.chunkSteps = steps
		points = nil
		got := r.result()
		if err := r.judgeStream(t.Context(), got); err != nil {
			t.Fatal(err)
		}
		got.Points = points
		if want, got := summaries([]*RunResult{want}), summaries([]*RunResult{got}); want != got {
			t.Errorf("chunks of %d steps: %s", steps, cmp.Diff(want, got))
		}
		if len(want.Points) != len(got.Points) {
			t.Fatalf("chunks of %d steps: %d points from the recording, %d from the stream", steps, len(want.Points),
				len(got.Points))
		}
		for i := range want.Points { // one by one: cmp is slow on millions
			if !reflect.DeepEqual(want.Points[i], got.Points[i]) {
				t.Fatalf("chunks of %d steps: point (-recording +stream):\n%s", steps,
					cmp.Diff(want.Points[i], got.Points[i]))
			}
		}
	}
}
