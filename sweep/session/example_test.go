// SPDX-License-Identifier: GPL-2.0-only

package session_test

import (
	"fmt"
	"log"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// Open a point by its name, and let a walker walk the stack there.
func Example() {
	name, err := verdict.ParsePoint(corpus.All(), "chain/plain@chain_leaf+0x8")
	if err != nil {
		log.Fatal(err)
	}
	walkers, err := registry.Find("sframe")
	if err != nil {
		log.Fatal(err)
	}
	s, err := session.Open(name.Target, walkers, scenarios.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if name, err = s.Resolve(name); err != nil {
		log.Fatal(err)
	}
	if err := s.Seek(name.Step); err != nil {
		log.Fatal(err)
	}
	point, _ := s.Walk(verdict.IRQ, 0)
	fmt.Println(point.Verdict)
	for _, f := range point.Trace.Frames[1:3] {
		fmt.Println(s.Run.Image.Symbols.Name(f.PC))
	}
	// Output:
	// exact
	// chain_leaf+0x8
	// chain_4+0x50
}
