// SPDX-License-Identifier: GPL-2.0-only

package image_test

import (
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/scenarios/corpus"
)

// An image with another one has the segments and the symbols of both, and knows its own as before.
func TestWith(t *testing.T) {
	one := corpus.Image()
	object, err := image.Load("../scenarios/kernel/stubs.o", image.At(0x10000))
	if err != nil {
		t.Fatal(err)
	}
	both, err := one.With(object)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(both.Segments), len(one.Segments)+len(object.Segments); got != want {
		t.Errorf("%d segments, want %d", got, want)
	}
	if got, want := both.Symbols.Len(), one.Symbols.Len()+object.Symbols.Len(); got != want {
		t.Errorf("%d symbols, want %d", got, want)
	}
	for _, im := range []*image.Image{one, object} {
		for s := range im.Symbols.All() {
			was, _ := im.Symbols.At(s.Addr)
			if is, _ := both.Symbols.At(s.Addr); is.Name != was.Name || is.Size != was.Size {
				t.Errorf("%#x is in %s (%d bytes), was in %s (%d bytes)", s.Addr, is.Name, is.Size, was.Name, was.Size)
			}
			was, _ = im.Symbols.Lookup(s.Name)
			if is, ok := both.Symbols.Lookup(s.Name); !ok || is.Addr != was.Addr {
				t.Errorf("%s is at %#x, was at %#x", s.Name, is.Addr, was.Addr)
			}
		}
	}
	if one.Segments[0].Addr == 0x10000 || len(one.Segments) == len(both.Segments) {
		t.Error("the first image was changed")
	}
	if _, err := one.With(one); err == nil || !strings.Contains(err.Error(), "overlaps") {
		t.Errorf("an image with itself: %v", err)
	}
}
