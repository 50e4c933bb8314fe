// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"strings"
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// A target that can't be built is an error that names it once, whatever the reason is.
func TestTargetThatCannotBeBuilt(t *testing.T) {
	s := corpustest.Target(t, "chain/plain").Scenario
	for _, tt := range []struct {
		name   string
		target verdict.Target
		build  scenarios.Options
		want   string
	}{
		{"no such variant", verdict.Target{Scenario: s, Variant: "none"}, scenarios.Options{}, `no variant "none"`},
		{"bad shift", verdict.Target{Scenario: s}, scenarios.Options{Shift: 3}, "shift 3"},
	} {
		o := Options{Walkers: registry.All()[:1], Modes: verdict.StepModes(), Build: tt.build}
		err := Sweep(t.Context(), []verdict.Target{tt.target}, o, func(*RunResult) error {
			t.Errorf("%s: there is a result", tt.name)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Count(err.Error(), s.Name) > 1 {
			t.Errorf("%s: error %v, want one with %q that names the scenario once at most", tt.name, err, tt.want)
		}
	}
}
