// SPDX-License-Identifier: GPL-2.0-only

package deliver_test

import (
	"fmt"
	"log"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/deliver"
)

// An interrupt is taken before step 100 of a run: it goes through the vectors and the entry code to the handler, where
// the stack can be walked, and returns. Take fails if it left a trace in the run.
func ExampleInterrupter_Take() {
	s, _ := corpus.All().Find("chain/plain")
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
		log.Fatal(err)
	}
	end, err := deliver.EndingOf(m)
	if err != nil {
		log.Fatal(err)
	}
	i, err := deliver.New(run, end, deliver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer i.Close()
	err = i.Take(100, &run.IRQ, false, true, func() {
		start := i.Task(nil).Start
		fmt.Println("in the handler, called from", run.Image.Symbols.Name(start.PC))
	})
	fmt.Println(err)
	// Output:
	// in the handler, called from call_on_irq_stack+0x18
	// <nil>
}
