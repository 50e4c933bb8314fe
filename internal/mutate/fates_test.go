// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/verdict"
)

// Mutants of each kind whose fate is known, and why.
func TestFates(t *testing.T) {
	h := harness(t, "fgraph/refused:mainline", "kretprobe/annotated:frame", "kretprobe/annotated:mainline")
	fates := map[string]Outcome{}
	var order []string
	all := h.Mutants(Kinds())
	wanted := map[string]struct {
		fate Fate
		why  string
	}{
		"code chain_leaf+0x18: dropped":                      {Caught, "the run doesn't come back"},
		"code ftrace_caller+0x60: another register":          {Caught, "the run faults"},
		"code el1h_64_irq+0x50: dropped":                     {Caught, "an exception leaves a trace"},
		"code el1h_64_sync+0x54: dropped":                    {Caught, "the counts of v6.17 in mode sync are others"},
		"code handle_irq+0x8: another offset":                {Equivalent, ""},
		"table SFrame row at chain_3+0xc: missing":           {Caught, ""},
		"table SFrame row at chain_leaf+0x0: CFA 16 higher":  {Equivalent, ""},
		"table CFI row at return_handler+0x4: X29 elsewhere": {Caught, "the counts of cfi in mode irq are others"},
		"walker v6.17: AtException otherwise, 1":             {Caught, ""},
		"walker v6.12: CFAMask otherwise, 1":                 {Equivalent, ""},
		"oracle past: the first call isn't seen":             {Caught, "the oracles disagree"},
		"oracle both oracles: nothing is fixed up":           {Equivalent, ""},
	}
	var some []*Mutant
	for _, m := range all {
		if _, ok := wanted[m.Name()]; ok {
			some = append(some, m)
		}
	}
	for _, jobs := range []int{1, 4} {
		var names []string
		if err := h.Run(t.Context(), some, jobs, func(o Outcome) error {
			fates[o.Name()] = o
			names = append(names, o.Name())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if order == nil {
			order = names
		}
		if diff := cmp.Diff(order, names); diff != "" {
			t.Errorf("-j %d: %s", jobs, diff)
		}
		for name, want := range wanted {
			if got := fates[name]; got.Mutant == nil || got.Fate != want.fate || want.why != "" && got.Why != want.why {
				t.Errorf("%s: %v, %s; want %v", name, got.Fate, got.Why, want.fate)
			}
		}
	}
}

// What no run executes, and what no walker asks for, is out of reach and not equivalent.
func TestUnreached(t *testing.T) {
	h := harness(t, "kretprobe/annotated:rethook")
	var some []*Mutant
	for _, m := range h.Mutants([]Kind{Table}) {
		if strings.Contains(m.Place, "ftrace_") {
			t.Errorf("%s is executed nowhere", m.Place)
		}
		if strings.HasPrefix(m.Place, "SFrame row at el1h_64_irq_handler") { // interrupts are masked there
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		t.Fatal("no row of the interrupt handler")
	}
	if err := h.Run(t.Context(), some, 1, func(o Outcome) error {
		if o.Fate == Equivalent {
			t.Errorf("%s: %v", o.Name(), o.Fate)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Two recordings are the same only if nothing tells them apart that an oracle or a walker sees.
func TestSameRun(t *testing.T) {
	h := harness(t, "kretprobe/annotated:rethook")
	b := h.benches[0]
	again := func() *subject {
		s := b.unchanged(nil)
		s.run.Recorded = nil
		return s
	}
	r, err := record(again().run)
	if err != nil || !sameRun(b.recording, r) {
		t.Fatalf("a second recording is another: %v", err)
	}
	for name, change := range map[string]func(){
		"a store":      func() { r.Chunks[0].Stores[3].New++ },
		"an old value": func() { r.Chunks[0].Stores[3].Old++ },
		"a PC":         func() { r.Chunks[0].PC[7] += 4 },
		"SP":           func() { r.Chunks[0].Frames[2].SP -= 16 },
		"a transfer":   func() { r.Chunks[0].Transfers[1].To += 4 },
		"the end":      func() { r.End.PC += 4 },
	} {
		if r, err = record(again().run); err != nil {
			t.Fatal(err)
		}
		if change(); sameRun(b.recording, r) {
			t.Errorf("%s makes no difference", name)
		}
	}
}

// A reason is for a mutant that there is.
func TestReasons(t *testing.T) {
	reasons, err := readReasons()
	if err != nil {
		t.Fatal(err)
	}
	if len(reasons) == 0 {
		return
	}
	var targets []string
	for _, t := range verdict.Targets(corpus.All()) {
		if strings.HasPrefix(t.String(), "fgraph/") || strings.HasPrefix(t.String(), "kretprobe/") {
			targets = append(targets, t.String())
		}
	}
	there := map[string]bool{}
	for _, m := range harness(t, targets...).Mutants(Kinds()) {
		there[m.Name()] = true
	}
	for name := range reasons {
		if !there[name] {
			t.Errorf("reasons.txt: there is no mutant %q", name)
		}
	}
}

// A report lists survivors, and counts everything.
func TestReport(t *testing.T) {
	outcomes := []Outcome{
		{Mutant: &Mutant{Kind: Code, Place: "f+0x4", Change: "dropped"}, Fate: Caught, Target: "a/b:c",
			Why: "the run faults"},
		{Mutant: &Mutant{Kind: Table, Place: "CFI row at f+0x4", Change: "missing"}, Fate: Survived, Target: "a/b:c",
			Why: "points differ"},
		{Mutant: &Mutant{Kind: Table, Place: "CFI row at f+0x8", Change: "missing"}, Fate: Survived, Target: "a/b:c",
			Why: "points differ", Reason: "it may"},
		{Mutant: &Mutant{Kind: Table, Place: "CFI row at g+0x0", Change: "missing"}, Fate: Unreached},
	}
	for _, tt := range []struct {
		lines, all bool
		want       string
	}{
		{false, false, `table CFI row at f+0x4: missing: survived in a/b:c: points differ
table CFI row at f+0x8: missing: survived in a/b:c: points differ (it may)
KIND   MUTANTS  CAUGHT  EQUIVALENT  ALIKE  SURVIVED  UNREACHED
code   1        1       0           0      0         0
table  3        0       0           0      2         1
1 survived without a reason
`},
		{true, true,
			`{"type":"mutant","kind":"code","place":"f+0x4","change":"dropped","fate":"caught","target":"a/b:c","why":"the run faults"}
{"type":"mutant","kind":"table","place":"CFI row at f+0x4","change":"missing","fate":"survived","target":"a/b:c","why":"points differ"}
{"type":"mutant","kind":"table","place":"CFI row at f+0x8","change":"missing","fate":"survived","target":"a/b:c","why":"points differ","reason":"it may"}
{"type":"mutant","kind":"table","place":"CFI row at g+0x0","change":"missing","fate":"unreached"}
{"type":"total","kind":"code","mutants":1,"caught":1,"equivalent":0,"alike":0,"survived":0,"unreached":0}
{"type":"total","kind":"table","mutants":3,"caught":0,"equivalent":0,"alike":0,"survived":2,"unreached":1}
`},
	} {
		var out bytes.Buffer
		r := NewReport(&out, tt.lines, tt.all)
		for _, o := range outcomes {
			if err := r.Add(o); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, out.String()); diff != "" || r.Unexplained() != 1 {
			t.Errorf("%d unexplained, %s", r.Unexplained(), diff)
		}
	}
}
