// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"

	"stacksweep/sweep"
)

// mostDeviations is how many deviations of a target a text report names; the rest is counted.
const mostDeviations = 10

// deviations notes what went wrong with exceptions that were taken, and how many could not be.
func (t *Text) deviations(r *sweep.RunResult) {
	target := r.Scenario + ":" + r.Variant
	for i := range r.Deviations[:min(len(r.Deviations), mostDeviations)] {
		t.taken = append(t.taken, "TAKEN  "+tellDeviation(&r.Deviations[i], r))
	}
	if more := len(r.Deviations) - mostDeviations; more > 0 {
		t.taken = append(t.taken, fmt.Sprintf("TAKEN  %s: and %d more", target, more))
	}
	if r.Witnessed > 0 && t.Detail == Full {
		t.taken = append(t.taken, fmt.Sprintf("%s: the oracles agree with %d return addresses on shadow call stacks",
			target, r.Witnessed))
	}
	t.untaken += r.Untaken
	t.noEntry += r.NoEntry
	if t.Detail != Full {
		return
	}
	if r.Untaken > 0 {
		t.taken = append(t.taken, target+": "+tellUntaken(r.Untaken))
	}
	if r.NoEntry > 0 {
		t.taken = append(t.taken, target+": "+tellNoEntry(r.NoEntry))
	}
}

// tellUntaken says why exceptions were not taken for which there was no stack.
func tellUntaken(n int) string {
	return fmt.Sprintf("overlaid instead of taken: %s where SP is on no stack of the task, or not at its end, as in "+
		"vectors and cpu_switch_to", several(n, "exception"))
}

// tellNoEntry says why exceptions were not taken for which there was no entry code.
func tellNoEntry(n int) string {
	return fmt.Sprintf("overlaid instead of taken: %s for walkers of kernels whose exceptions leave other records",
		several(n, "exception"))
}

// deviation is a point at which an exception that was taken did not go as it must.
type deviation struct {
	Type     string `json:"type"`
	Scenario string `json:"scenario"`
	Variant  string `json:"variant"`
	Mode     string `json:"mode"`
	Walker   string `json:"walker,omitempty"`
	Point    string `json:"point"`
	PC       string `json:"pc"`
	What     string `json:"what"`
}

func (w *JSONLines) deviations(r *sweep.RunResult) error {
	for _, d := range r.Deviations {
		err := w.enc.Encode(deviation{"deviation", r.Scenario, r.Variant, d.Mode.String(), d.Walker, r.PointName(&d),
			hex(d.PC), d.What})
		if err != nil {
			return err
		}
	}
	return nil
}
