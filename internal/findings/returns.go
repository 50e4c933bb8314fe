// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
)

// tracedReturns counts how often a run returns to a tracer's hook.
func tracedReturns(t verdict.Target) (int, error) {
	run, err := t.Scenario.Build(t.Variant, scenarios.Options{})
	if err != nil {
		return 0, err
	}
	m, err := run.Machine()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t, err)
	}
	defer m.Close()
	recording, err := m.Record(emu.RunOptions{Mode: emu.Sparse, Limit: run.Limit, Until: run.Until})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t, err)
	}
	n := 0
	for _, c := range recording.Chunks {
		for _, pc := range c.PC {
			if slices.Contains(run.Hooks, pc) {
				n++
			}
		}
	}
	return n, nil
}
