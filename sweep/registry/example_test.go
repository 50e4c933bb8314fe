// SPDX-License-Identifier: GPL-2.0-only

package registry_test

import (
	"fmt"
	"log"

	"stacksweep/sweep/registry"
)

// Walkers are found by name, as on the command line.
func ExampleFind() {
	specs, err := registry.Find("v6.17,sframe")
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range specs {
		fmt.Printf("%s: %s\n", s.Name, s.Doc)
	}
	// Output:
	// v6.17: mainline: reliable unless an exception frame is met
	// sframe: SFrame across exceptions as the series intends it, posted defects mended
}
