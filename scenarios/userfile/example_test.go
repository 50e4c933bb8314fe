// SPDX-License-Identifier: GPL-2.0-only

package userfile_test

import (
	"fmt"
	"log"

	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
)

// A function of an object file is called with an argument, and its result read.
func Example() {
	f, err := userfile.Load("testdata/routines.o", userfile.Options{Limit: 10_000})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Functions())
	s, err := f.Scenario(`twice("hello")`)
	if err != nil {
		log.Fatal(err)
	}
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		log.Fatal(err)
	}
	m, err := run.Machine()
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	if err := m.Run(run.Until, run.Limit); err != nil {
		log.Fatal(run.Explain(err))
	}
	regs, err := m.Regs()
	fmt.Println(s.Name, "returns", regs.X[0], err)
	// Output:
	// [apply forever read_word start trap twice]
	// image/twice returns 9 <nil>
}
