// SPDX-License-Identifier: GPL-2.0-only

package conform

import (
	"slices"
	"testing"

	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
)

// unnamed lists the targets that no section takes account of, in any mode.
func unnamed(all []*scenarios.Scenario) (names []string) {
	sections := Sections()
	for _, target := range verdict.Targets(all) {
		told := slices.ContainsFunc(verdict.StepModes(), func(m verdict.Mode) bool {
			key := verdict.Key{Scenario: target.Scenario.Name, Variant: target.Variant, Mode: m}
			return slices.ContainsFunc(sections, func(s Section) bool { return s.covers(&key) })
		})
		if !told {
			names = append(names, target.String())
		}
	}
	return names
}

// Every scenario tells about some section: a new one has to be given to those that it is about.
func TestEveryScenarioIsNamed(t *testing.T) {
	if names := unnamed(corpus.All()); len(names) > 0 {
		t.Errorf("of the corpus no section names %q", names)
	}
	strange := scenarios.New("kernel/7.3/strange", "", []scenarios.Variant{{Name: "v"}}, nil)
	if names := unnamed([]*scenarios.Scenario{strange}); !slices.Equal(names, []string{"kernel/7.3/strange:v"}) {
		t.Errorf("a scenario that no section names gives %q", names)
	}
}

// So do those of real kernels, of which the newest have the most.
func TestEveryKernelScenarioIsNamed(t *testing.T) {
	cached := testkit.Kernels(t)
	cached = cached[len(cached)-1:]
	if built, err := kernels.BuiltHere(); err == nil && len(built) > 0 { // those with SFrame tables have more
		cached = append(cached, built[0], built[len(built)-1])
	}
	for _, c := range cached {
		k, err := kernel.Load(c.Series, c.Image)
		if err != nil {
			t.Fatal(err)
		}
		if names := unnamed(k.Scenarios()); len(names) > 0 {
			t.Errorf("of %s no section names %q", c.Series, names)
		}
	}
}

// What no walk can start in is neither answered nor unsound.
func TestTracerCallsAreLeftOut(t *testing.T) {
	for tracerCall, want := range map[bool]string{true: "sound", false: "unsound"} {
		table := NewTable("w")
		r := result("kernel/7.3/fgraph-return", "nested", verdict.Sync, 5, 0, 2)
		r.Windows[0].TracerCall = tracerCall
		table.Add(r)
		if got := answers(table)["4.4"]; got != want {
			t.Errorf("calls of the tracer %v: it is %s, want %s", tracerCall, got, want)
		}
		if row := &table.Rows[4]; tracerCall && (row.Walks != 5 || row.Answered() != 5) {
			t.Errorf("%d of %d walks are answered, want 5 of 5", row.Answered(), row.Walks)
		}
	}
}

// No pattern of a section is of a scenario that is no more.
func TestEveryPatternMatches(t *testing.T) {
	cached := testkit.Kernels(t)
	k, err := kernel.Load(cached[len(cached)-1].Series, cached[len(cached)-1].Image)
	if err != nil {
		t.Fatal(err)
	}
	all := verdict.Targets(append(corpus.All(), k.Scenarios()...))
	elsewhere := []string{"module", "self-walk", "assembly"} // only of kernels with modules, or SFrame tables
	for _, s := range Sections() {
		for _, c := range s.Covers {
			one := Section{Covers: []Cover{c}}
			matches := slices.ContainsFunc(all, func(target verdict.Target) bool {
				key := verdict.Key{Scenario: target.Scenario.Name, Variant: target.Variant, Mode: c.Modes[0]}
				return one.covers(&key)
			})
			if !matches && !slices.Contains(elsewhere, c.Scenario) {
				t.Errorf("%s: no scenario is called %s:%s", s.Number, c.Scenario, c.Variant)
			}
		}
	}
}
