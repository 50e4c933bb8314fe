// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// A window says that it is a call of the tracer wherever one was patched in, whatever else is missing there and
// whatever the expectation says, and nowhere else: routines that call C code without a frame record look the same.
func TestTracerCalls(t *testing.T) {
	const reason = "Obscured return address"
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	walkers, err := registry.Find("v6.17,sframe-recover")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{} // of v6.17, by scenario and place
	results := sweepTargets(t, verdict.Targets(corpus.All()), func(o *Options) {
		o.Walkers, o.Modes, o.Expect = walkers, []verdict.Mode{verdict.Sync, verdict.IRQ}, expect
	})
	for _, r := range results {
		for i := range r.Windows {
			w := &r.Windows[i]
			if w.Mode != verdict.Sync {
				if w.TracerCall {
					t.Errorf("%s %v %s: an interrupt lands at a call of the tracer", w.Scenario, w.Mode, w.Place())
				}
				continue
			}
			if w.Walker == "v6.17" && !w.Verdict.Conforming() {
				said[w.Scenario+":"+w.Variant+" "+w.Place()] = w.TracerCall
			}
			if w.Excuse != nil && strings.HasPrefix(w.Excuse.Reason, reason) && !w.TracerCall {
				t.Errorf("%s %s: not a call of the tracer, but %s", w.Scenario, w.Place(), w.Excuse.Reason)
			}
		}
	}
	for place, want := range map[string]bool{
		"fgraph/return:mainline chain_3+0x4":          true,
		"fgraph/plt:mainline chain_3+0x4":             true,
		"fgraph/nested:mainline nested_callee+0x4":    true,  // another caller is missing, too, for another reason
		"kretprobe/fgraph:mainline chain_1+0x4":       true,  // a BRK instead of MOV X9, X30
		"stale/register:right register_right+0x4":     false, // begins with MOV X9, X30 and a call of C code
		"stale/after_call:right after_call_right+0x4": false,
	} {
		if got, unsound := said[place]; got != want || !unsound {
			t.Errorf("%s: call of the tracer %v, want %v; unsound: %v", place, got, want, unsound)
		}
	}
}

// Neighbours with the same verdict are one window, but for a call of the tracer.
func TestTracerCallIsAWindow(t *testing.T) {
	run, err := corpustest.Target(t, "chain/plain").Scenario.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all tally
	for pc := run.Start.PC; pc < run.Start.PC+12; pc += 4 {
		all.add(pc, verdict.Position{}, verdict.Omitted)
	}
	for _, tt := range []struct {
		mode  verdict.Mode
		calls []uint64
		want  []bool
	}{
		{verdict.Sync, nil, []bool{false}},
		{verdict.Sync, []uint64{run.Start.PC + 4}, []bool{false, true, false}},
		{verdict.IRQ, []uint64{run.Start.PC + 4}, []bool{false}},
	} {
		var got []bool
		for _, w := range all.windows(verdict.Key{Mode: tt.mode}, run.Image.Symbols, nil, tt.calls) {
			got = append(got, w.TracerCall)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v %x: windows of tracer calls %v, want %v", tt.mode, tt.calls, got, tt.want)
		}
	}
}
