// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"fmt"
	"strings"

	"stacksweep/scenarios"
)

// A Target is a scenario in one of its variants.
type Target struct {
	Scenario  *scenarios.Scenario
	Variant   string
	Interrupt Interruption // only for a session: a sweep in mode Pairs interrupts the run everywhere
}

// An Interruption is an interrupt that is taken during a run.
type Interruption struct {
	Present bool   // there is one
	Step    int    // before which it is taken
	Place   string // if not empty, Step is to be found by it
}

func (t Target) String() string { return t.Scenario.Name + ":" + t.Variant }

// FindTarget looks up scenario[:variant] in a list of scenarios; without a variant it is the first.
func FindTarget(all []*scenarios.Scenario, name string) (Target, error) {
	scenario, variant, _ := strings.Cut(name, ":")
	for _, s := range all {
		if s.Name != scenario {
			continue
		}
		for _, v := range s.Variants {
			if variant == "" || v.Name == variant {
				return Target{Scenario: s, Variant: v.Name}, nil
			}
		}
		return Target{}, fmt.Errorf("scenario %s has no variant %q", scenario, variant)
	}
	return Target{}, fmt.Errorf("no scenario %q", scenario)
}

// Targets lists every variant of every scenario.
func Targets(all []*scenarios.Scenario) []Target {
	var targets []Target
	for _, s := range all {
		for _, v := range s.Variants {
			targets = append(targets, Target{Scenario: s, Variant: v.Name})
		}
	}
	return targets
}
