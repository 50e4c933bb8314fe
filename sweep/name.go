// SPDX-License-Identifier: GPL-2.0-only

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
//
// A second step or place behind a slash is one of an exception, as in fgraph/return@137/42: 42 steps after an interrupt
// was taken before step 137. Step 0 is the instruction at the vector.
type PointName struct {
	Target
	Step  int    // of the run; in an interrupted one, those of the exception are counted too, once its place is known
	place string // if not empty, Step is to be found by it
}

func (n PointName) String() string {
	in := n.Interrupt
	if !in.Taken || n.place == "" && in.place == "" && n.Step < in.Step {
		return fmt.Sprintf("%s@%s", n.Target, nameStep(n.place, n.Step))
	}
	return fmt.Sprintf("%s@%s/%s", n.Target, nameStep(in.place, in.Step), nameStep(n.place, n.Step-in.Step))
}

func nameStep(place string, step int) string {
	if place != "" {
		return place
	}
	return strconv.Itoa(step)
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
				return Target{Scenario: s, Variant: v.Name}, nil
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
	first, second, paired := strings.Cut(step, "/")
	if n.Step, n.place, err = parseStep(first); err == nil && paired {
		n.Interrupt = Interruption{true, n.Step, n.place}
		n.Step, n.place, err = parseStep(second)
		n.Step += n.Interrupt.Step
	}
	if err != nil {
		return PointName{}, fmt.Errorf("point %q: %w", text, err)
	}
	return n, nil
}

// parseStep reads a step, or a place to find it by.
func parseStep(text string) (step int, place string, err error) {
	if step, err = strconv.Atoi(text); err == nil && step >= 0 {
		return step, "", nil
	}
	if text == "" || strings.ContainsAny(text[:1], "-+#0123456789") {
		return 0, "", fmt.Errorf("%q is neither a step nor a symbol", text)
	}
	return 0, text, nil
}

// Resolve finds the step of a point of the session's run that is named by a place, and checks that the run has it.
func (s *Session) Resolve(n PointName) (PointName, error) {
	from := 0
	if n.Interrupt.Taken {
		if n.Interrupt.place != "" && n.place == "" {
			n.Step += s.Target.Interrupt.Step
		}
		n.Interrupt = s.Target.Interrupt
		from = n.Interrupt.Step
	}
	if n.place == "" {
		if n.Step >= s.Len() {
			return n, fmt.Errorf("point %s is past the end: the run has %d steps", n, s.Len())
		}
		return n, nil
	}
	step, err := s.find(n.place, from)
	if err != nil {
		return n, fmt.Errorf("point %s: %w", n, err)
	}
	return PointName{Target: n.Target, Step: step}, nil
}

// find returns the step that a place names, counting executions from a step on.
func (s *Session) find(text string, from int) (int, error) {
	place, count, counted := strings.Cut(text, "#")
	wanted := 1
	if counted {
		var err error
		if wanted, err = strconv.Atoi(count); err != nil || wanted < 1 {
			return 0, fmt.Errorf("%q is not a number from 1 on", count)
		}
	}
	pc, err := s.address(place)
	if err != nil {
		return 0, err
	}
	seen := 0
	for step := from; step < s.Len(); step++ {
		if s.Recording.PC(step) == pc {
			if seen++; seen == wanted {
				return step, nil
			}
		}
	}
	return 0, fmt.Errorf("the run executes that instruction %d times", seen)
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
			targets = append(targets, Target{Scenario: s, Variant: v.Name})
		}
	}
	return targets
}
