// SPDX-License-Identifier: GPL-2.0-only

package scenarios_test

import (
	"fmt"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
)

// A scenario is built, and its run executed from its first instruction to its last.
func Example() {
	s, ok := corpus.All().Find("fgraph/return")
	if !ok {
		fmt.Println("no such scenario")
		return
	}
	run, err := s.Build("mainline", scenarios.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := run.Machine()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	if err := m.Run(run.Until, run.Limit); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range run.Checks {
		got, err := m.Word(c.Addr)
		fmt.Println(c.What, got, got == c.Want, err)
	}
	// Output:
	// tracer_entries 28 true <nil>
	// tracer_returns 28 true <nil>
	// fgraph_panics 0 true <nil>
	// nr_switches 0 true <nil>
}
