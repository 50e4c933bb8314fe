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

// Of two images that have a name in common, one gets a prefix; the other is as before.
func TestPrefixed(t *testing.T) {
	named := func(names ...string) *image.Image {
		im := &image.Image{Segments: []image.Segment{{Addr: 0x1000, Size: 0x100}}}
		var all []image.Symbol
		for i, name := range names {
			all = append(all, image.Symbol{Name: name, Addr: 0x1000 + 16*uint64(i), Size: 16, Kind: image.Func})
		}
		im.Symbols = image.NewSymbols(all, im.Segments)
		return im
	}
	im, other := named("memcpy", "init"), named("memcpy", "exit")
	prefixed := im.Prefixed("module.", other)
	for name, addr := range map[string]uint64{"module.memcpy": 0x1000, "init": 0x1010} {
		if s, ok := prefixed.Symbols.Lookup(name); !ok || s.Addr != addr {
			t.Errorf("%s is at %#x, %v; want %#x", name, s.Addr, ok, addr)
		}
	}
	if _, ok := prefixed.Symbols.Lookup("memcpy"); ok {
		t.Error("memcpy has two places")
	}
	if _, ok := im.Symbols.Lookup("memcpy"); !ok {
		t.Error("the image itself was changed")
	}
}
