// SPDX-License-Identifier: GPL-2.0-only

package image_test

import (
	"fmt"

	"stacksweep/image"
)

// An image has segments and symbols; an address has a name, and with debug information a source line.
func ExampleLoad() {
	im, err := image.Load("../scenarios/userfile/testdata/routines.o", image.At(0x10000))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, ok := im.Symbols.Lookup("twice")
	fmt.Println(s.Name, ok, im.Symbols.Name(s.Addr+8))
	seg, ok := im.Segment(s.Addr)
	fmt.Println(seg.Perm, ok)
	// Output:
	// twice true twice+0x8
	// r-x true
}
