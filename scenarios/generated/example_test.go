// SPDX-License-Identifier: GPL-2.0-only

package generated_test

import (
	"fmt"
	"log"

	"stacksweep/scenarios"
	"stacksweep/scenarios/generated"
)

// A seed is a program: the same one everywhere.
func ExampleScenario() {
	s, err := generated.Scenario(7)
	if err != nil {
		log.Fatal(err)
	}
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Name, len(generated.Seeded(7).Functions), "functions")
	fmt.Println("tables:", run.Kernel.SFrame != nil, run.Kernel.CFI != nil)
	// Output:
	// generated/7 3 functions
	// tables: true false
}
