package sweep

import (
	"fmt"
	"strconv"
	"strings"

	"stacksweep/scenarios"
)

// A PointName names a step of a scenario in a way that finds it again anywhere: scenario[:variant][@step], as in
// fgraph/return:mainline@137. Instead of a step there may be a place, symbol[+offset][#n]: the n-th time, counted from
// 1, that the instruction there is executed.
type PointName struct {
	Target
	Step  int
	place string // if not empty, Step is to be found by it
}

func (n PointName) String() string {
	if n.place != "" {
		return fmt.Sprintf("%s@%s", n.Target, n.place)
	}
	return fmt.Sprintf("%s@%d", n.Target, n.Step)
}

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
	if !found {
		return n, nil
	}
	if n.Step, err = strconv.Atoi(step); err == nil && n.Step >= 0 {
		return n, nil
	}
	if step == "" || strings.ContainsAny(step[:1], "-+#0123456789") {
		return PointName{}, fmt.Errorf("point %q: %q is neither a step nor a symbol", text, step)
	}
	return PointName{Target: t, place: step}, nil
}

// Resolve finds the step of a point that is named by a place, and checks that the run has it.
func (s *Session) Resolve(n PointName) (PointName, error) {
	if n.place == "" {
		if n.Step >= s.Len() {
			return n, fmt.Errorf("point %s is past the end: the run has %d steps", n, s.Len())
		}
		return n, nil
	}
	place, count, counted := strings.Cut(n.place, "#")
	wanted := 1
	if counted {
		var err error
		if wanted, err = strconv.Atoi(count); err != nil || wanted < 1 {
			return n, fmt.Errorf("point %s: %q is not a number from 1 on", n, count)
		}
	}
	pc, err := s.address(place)
	if err != nil {
		return n, fmt.Errorf("point %s: %w", n, err)
	}
	seen := 0
	for step := range s.Len() {
		if s.Recording.PC(step) == pc {
			if seen++; seen == wanted {
				return PointName{Target: n.Target, Step: step}, nil
			}
		}
	}
	return n, fmt.Errorf("point %s: the run executes that instruction %d times", n, seen)
}

// address is where symbol[+offset] lies.
func (s *Session) address(place string) (uint64, error) {
	name, offset, partial := strings.Cut(place, "+")
	symbol, ok := s.Run.Image.Symbols.Lookup(name)
	if !ok {
		return 0, fmt.Errorf("no symbol %q", name)
	}
	if !partial {
		return symbol.Addr, nil
	}
	n, err := strconv.ParseUint(offset, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not an offset", offset)
	}
	return symbol.Addr + n, nil
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
