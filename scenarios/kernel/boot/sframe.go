// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"fmt"

	"stacksweep/image"
)

// sframeReader is how a kernel that unwinds by SFrame sets its reader up, by the names of the posted series: a function
// that is called while it starts, and a variable that says whether it has succeeded.
var sframeReader = struct{ find, init, done []string }{
	find: []string{"sframe_find_kernel"}, // there is a reader
	init: []string{"init_sframe_table"},
	done: []string{"sframe_init"},
}

// Needed lists the initialisers without which the kernel's own unwinder can't work, and Check tells whether they have
// done their work.
func Needed(im *image.Image) []string {
	if s, ok := first(im, sframeReader.init); ok {
		return []string{s.Name}
	}
	return nil
}

// Check fails with ErrInit if the kernel has a reader of SFrame that doesn't work yet: its walks would all be refused,
// as if that were what it has to say. ran are the initialisers that were run.
func Check(im *image.Image, ran []string) error {
	reader, ok := first(im, append(sframeReader.find, sframeReader.init...))
	if !ok {
		return nil
	}
	done, ok := first(im, sframeReader.done)
	switch {
	case ok:
		if b, ok := im.Bytes(done.Addr, 1); ok && b[0] != 0 {
			return nil
		}
		return fmt.Errorf("%s: %w: it reads SFrame (%s), but %s is still 0; -init FUNCTION names what sets it", im.Name,
			ErrInit, reader.Name, done.Name)
	case len(ran) == 0:
		return fmt.Errorf("%s: %w: it reads SFrame (%s), and what sets that up has a name that isn't known; -init "+
			"FUNCTION names it", im.Name, ErrInit, reader.Name)
	}
	return nil // it was run, and has not failed
}

// first finds the first of some symbols.
func first(im *image.Image, names []string) (image.Symbol, bool) {
	for _, name := range names {
		if s, ok := im.Symbols.Lookup(name); ok {
			return s, true
		}
	}
	return image.Symbol{}, false
}
