// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"fmt"

	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
)

// A kernel needs symbols and type information (BTF), from which the layout of its structs is read.
func ExampleNew() {
	k, err := kernel.New("corpus", corpus.Image())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range k.Scenarios() {
		fmt.Println(s.Name, s.Doc)
	}
	// Output:
	// corpus.elf: no type information
}
