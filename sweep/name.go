package sweep

import (
	"fmt"
	"strconv"
	"strings"

	"stacksweep/scenarios"
)

// A PointName names a step of a scenario in a way that finds it again anywhere: scenario[:variant][@step], as in
// fgraph/return:mainline@137.
type PointName struct {
	Target
	Step int
}

func (n PointName) String() string { return fmt.Sprintf("%s@%d", n.Target, n.Step) }

// FindTarget looks up scenario[:variant] in a list of scenarios; without a variant it is the first.
func FindTarget(all []*scenarios.Scenario, name string) (Target, error) {
	scenario, variant, _ := strings.Cut(name, ":")
	for _, s := range all {
		if s.Name != scenario {
			continue
		}
		for _, v := range s.Variants {
			if variant == "" || v.Name == variant {
				return Target{s, v.Name}, nil
			}
		}
		return Target{}, fmt.Errorf("scenario %s has no variant %q", scenario, variant)
	}
	return Target{}, fmt.Errorf("no scenario %q", scenario)
}

// ParsePoint reads the name of a point; without @step it is step 0.
func ParsePoint(all []*scenarios.Scenario, text string) (PointName, error) {
	name, step, found := strings.Cut(text, "@")
	t, err := FindTarget(all, name)
	if err != nil {
		return PointName{}, err
	}
	n := PointName{Target: t}
	if found {
		if n.Step, err = strconv.Atoi(step); err != nil || n.Step < 0 {
			return PointName{}, fmt.Errorf("point %q: %q is not a step", text, step)
		}
	}
	return n, nil
}

// Targets lists every variant of every scenario.
func Targets(all []*scenarios.Scenario) []Target {
	var targets []Target
	for _, s := range all {
		for _, v := range s.Variants {
			targets = append(targets, Target{s, v.Name})
		}
	}
	return targets
}
