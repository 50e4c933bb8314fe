// SPDX-License-Identifier: GPL-2.0-only

package truth_test

import (
	"fmt"
	"log"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/truth"
)

// The true stack at a step follows from the calls and returns of the whole run, without any unwinding.
func ExampleFind() {
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
	recording, err := m.Record(emu.RunOptions{Until: run.Until, Limit: run.Limit, Mode: emu.Sparse})
	if err != nil {
		log.Fatal(err)
	}
	found, err := truth.Find(truth.LogOf(recording), truth.Facts{Hooks: run.Hooks}, nil)
	if err != nil {
		log.Fatal(err)
	}
	cursor := found.Cursor()
	cursor.Seek(100)
	stack := cursor.Stack()
	for _, addr := range stack.Append(nil) {
		fmt.Println(run.Image.Symbols.Name(addr))
	}
	// Output:
	// chain_3+0x20
	// chain_2+0x1c
	// chain_1+0x20
	// run_chain+0x3c
	// start+0x28
}
