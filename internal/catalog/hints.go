// SPDX-License-Identifier: GPL-2.0-only

package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stacksweep/internal/near"
	"stacksweep/scenarios"
)

// listHint is what to do where no name is close.
const listHint = "'stacksweep list' lists the scenarios"

// hintForPattern says what may have been meant by a pattern that fits no scenario.
func hintForPattern(pattern string, all []*scenarios.Scenario) string {
	name, _, isPoint := strings.Cut(pattern, "@")
	if s := find(all, name); isPoint && s != nil {
		return fmt.Sprintf("a sweep covers whole scenarios; 'stacksweep show %s' shows this point, 'stacksweep sweep "+
			"%s' sweeps the scenario", pattern, name)
	}
	return hintForScenario(name, all)
}

// hintForPoint says what an unknown name of a point may have meant.
func hintForPoint(text string, all []*scenarios.Scenario) string {
	name, step, hasStep := strings.Cut(text, "@")
	s := find(all, name)
	switch {
	case s == nil:
		return hintForScenario(name, all)
	case !hasVariant(s, name):
		return hintForVariant(name, s)
	case !hasStep:
		return listHint
	case step == "":
		return fmt.Sprintf("a step or a symbol comes after @, as in %s@0", name)
	}
	if n, err := strconv.ParseUint(step, 0, 63); err == nil {
		return fmt.Sprintf("steps are decimal numbers: %s@%d", name, n)
	}
	return "a point is SCENARIO@STEP or SCENARIO@SYMBOL+OFFSET"
}

// hintForScenario says which scenarios a name may mean that none has.
func hintForScenario(name string, all []*scenarios.Scenario) string {
	scenario, _, _ := strings.Cut(name, ":")
	family := strings.TrimSuffix(scenario, "/") + "/"
	var names, members []string
	for _, s := range all {
		names = append(names, s.Name)
		if strings.HasPrefix(s.Name, family) {
			members = append(members, s.Name)
		}
	}
	if len(members) > 0 {
		return fmt.Sprintf("%s is a family of %d scenarios; one of them is %s ('stacksweep list %s' lists them)",
			strings.TrimSuffix(family, "/"), len(members), members[0], strings.TrimSuffix(family, "/"))
	}
	if found := near.Names(scenario, families(names)); len(found) > 0 && !strings.Contains(scenario, "/") {
		return "did you mean " + near.Or(found) + "?"
	}
	return near.Hint(scenario, names, listHint)
}

// families lists what stands before the first slash of names, once each.
func families(names []string) (all []string) {
	for _, name := range names {
		if family, _, found := strings.Cut(name, "/"); found && !slices.Contains(all, family) {
			all = append(all, family)
		}
	}
	return all
}

// hintForVariant says which variants a scenario has.
func hintForVariant(name string, s *scenarios.Scenario) string {
	_, variant, _ := strings.Cut(name, ":")
	if _, err := strconv.Atoi(variant); err == nil {
		return fmt.Sprintf("a step comes after @: %s@%s", s.Name, variant)
	}
	var names []string
	for _, v := range s.Variants {
		names = append(names, v.Name)
	}
	return near.Hint(variant, names, fmt.Sprintf("%s has the variants %s", s.Name, strings.Join(names, ", ")))
}

// find returns the scenario of a name that may have a variant after it.
func find(all []*scenarios.Scenario, name string) *scenarios.Scenario {
	scenario, _, _ := strings.Cut(name, ":")
	for _, s := range all {
		if s.Name == scenario {
			return s
		}
	}
	return nil
}

func hasVariant(s *scenarios.Scenario, name string) bool {
	_, variant, has := strings.Cut(name, ":")
	for _, v := range s.Variants {
		if !has || variant == "" || v.Name == variant {
			return true
		}
	}
	return false
}
