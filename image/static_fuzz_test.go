// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

// FuzzStatic makes sure that whatever can be run can be looked at, too, with code sections in the same places, and that
// an image that was written is read again as it was.
func FuzzStatic(f *testing.F) {
	addPrebuilt(f)
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		resolve := Resolve(func(string) (uint64, bool) { return ObjectBase, true })
		run, errRun := Parse("fuzz", data, resolve)
		look, errLook := Parse("fuzz", data, resolve, Static())
		// A table must be relocated to be read; one that needs a GOT for that, as none does, has it only to run.
		if errRun == nil && errLook != nil && !errors.Is(errLook, ErrReloc) {
			t.Fatalf("can be run, but not looked at: %v", errLook)
		}
		if errRun != nil || errLook != nil || run.Kind == Kernel {
			return
		}
		sections := func(im *Image) (list []string) {
			for _, s := range im.CodeSections() {
				list = append(list, fmt.Sprintf("%s %#x %#x", s.Name, s.Addr, s.Size))
			}
			return list
		}
		if diff := cmp.Diff(sections(run), sections(look)); diff != "" {
			t.Errorf("code sections, -run +look:\n%s", diff)
		}
		again, err := Parse("again", run.ELF(nil))
		if errors.Is(err, ErrNoSymbols) && !placed(run) {
			return // symbols of sections that have been moved from under them
		}
		if errors.Is(err, ErrNoCode) && !filled(run) {
			return // zeroes alone are like a file of debug information
		}
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if len(again.Segments) != len(run.Segments) {
			t.Fatalf("%d segments, want %d", len(again.Segments), len(run.Segments))
		}
		for i, s := range run.Segments {
			if w := again.Segments[i]; w.Addr != s.Addr || w.Size != s.Size || w.Perm != s.Perm ||
				!bytes.Equal(w.Data, s.Data) {
				t.Errorf("segment %d at %#x differs", i, s.Addr)
			}
		}
	})
}

// placed reports whether a symbol of an image is within what is loaded.
func placed(im *Image) bool {
	for s := range im.Symbols.All() {
		for _, g := range im.Segments {
			if s.Addr-g.Addr < g.Size {
				return true
			}
		}
	}
	return false
}

// filled reports whether an image has bytes that can be executed and aren't zeroes that no file has.
func filled(im *Image) bool {
	for _, g := range im.Segments {
		if g.Perm&Exec != 0 && len(g.Data) > 0 {
			return true
		}
	}
	return false
}
