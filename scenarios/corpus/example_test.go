// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"fmt"

	"stacksweep/scenarios/corpus"
)

// The corpus lists scenarios, each with its variants.
func ExampleAll() {
	s, ok := corpus.All().Find("fgraph/return")
	if !ok {
		fmt.Println("no such scenario")
		return
	}
	fmt.Println(s.Doc)
	for _, v := range s.Variants[:3] {
		fmt.Printf("%s: %s\n", v.Name, v.Doc)
	}
	// Output:
	// a chain with traced functions in it: entry, body and return through return_to_handler
	// mainline: unmodified: the entry is popped before LR holds the address again
	// record: as on x86: a frame record of the trampoline's own; the handler pops as ever
	// slot: a record of its own; the handler peeks, the address goes into the record, one store pops
}
