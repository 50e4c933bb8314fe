// SPDX-License-Identifier: GPL-2.0-only

package verdict

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
// A second step or place after a slash is one of an exception, as in fgraph/return@137/42: 42 steps after an interrupt
// was taken before step 137. Step 0 is the instruction at the vector.
type PointName struct {
	Target
	Step  int    // of the run; in an interrupted one, those of the exception are counted too, once its place is known
	Place string // if not empty, Step is to be found by it
}

func (n PointName) String() string {
	in := n.Interrupt
	if !in.Present || n.Place == "" && in.Place == "" && n.Step < in.Step {
		return fmt.Sprintf("%s@%s", n.Target, nameStep(n.Place, n.Step))
	}
	return fmt.Sprintf("%s@%s/%s", n.Target, nameStep(in.Place, in.Step), nameStep(n.Place, n.Step-in.Step))
}

func nameStep(place string, step int) string {
	if place != "" {
		return place
	}
	return strconv.Itoa(step)
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
	if n.Step, n.Place, err = parseStep(first); err == nil && paired {
		n.Interrupt = Interruption{true, n.Step, n.Place}
		n.Step, n.Place, err = parseStep(second)
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
