// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"errors"
	"fmt"

	"stacksweep/image"
	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// Tables are an image's unwind tables; nil means that it has none.
type Tables struct {
	SFrame *sframe.Table
	CFI    *cfi.Info
	// Refused is why there is no SFrame although the image has a table: the kernel doesn't take it, and goes on
	// without. It wraps [sframe.ErrUnsupported].
	Refused error
}

// OpenTables opens the tables that an image has in sections: SFrame by the kernel's rules, a module's for a relocatable
// object; DWARF call frame information from .eh_frame or else .debug_frame. A flat Image may hold them too, but has no
// sections that tell where. Errors are of type *[image.Error] with the place of the section.
//
// A kernel's code that is freed after boot has a table of its own, .init.sframe, which no unwinder is told of unless
// the linker script joins the two; nothing that is swept lies there.
func OpenTables(im *image.Image) (t Tables, err error) {
	// linker scripts may make an empty one
	if addr, data, ok := im.Section(".sframe"); ok && addr != 0 && len(data) > 0 {
		rules := sframe.Rules{Kernel: true, Outermost: true, Module: im.Kind == image.Relocatable}
		t.SFrame, err = sframe.OpenTable(data, addr, rules)
		switch {
		case errors.Is(err, sframe.ErrUnsupported) && isVersion(data):
			t.Refused = blame(im, ".sframe", addr, err)
		case err != nil:
			return Tables{}, blame(im, ".sframe", addr, err)
		}
	}
	name, kind := ".eh_frame", cfi.EHFrame
	addr, data, ok := im.Section(name)
	if !ok {
		name, kind = ".debug_frame", cfi.DebugFrame
		if addr, data, ok = im.Section(name); !ok {
			return t, nil
		}
	}
	if t.CFI, err = cfi.Parse(data, addr, kind); err != nil {
		return Tables{}, blame(im, name, addr, err)
	}
	return t, nil
}

// Convert makes an SFrame table of the DWARF call frame information that an image loads, if it has no table: compilers
// that make none, as clang does, are judged by what the kernel would look up if they did. It reports whether it has
// made one.
func (t *Tables) Convert(im *image.Image) (bool, error) {
	addr, _, ok := im.Section(".eh_frame")
	if t.SFrame != nil || t.CFI == nil || !ok || addr == 0 {
		return false, nil
	}
	section, _ := cfi.ToSFrame(t.CFI, addr)
	data, err := section.Encode()
	if err != nil {
		return false, blame(im, ".eh_frame", addr, err)
	}
	if t.SFrame, err = sframe.OpenTable(data, addr, sframe.Rules{Kernel: true, Outermost: true}); err != nil {
		return false, blame(im, ".eh_frame", addr, err)
	}
	return true, nil
}

// isVersion reports whether a table has a known version.
func isVersion(data []byte) bool {
	const at = 2 // the version's place in the header
	return len(data) > at && data[at] >= byte(sframe.V1) && data[at] <= byte(sframe.V3)
}

// Put makes the tables a kernel's.
func (t Tables) Put(k *unwind.Layout) {
	k.SFrame, k.CFI = nil, nil
	if t.SFrame != nil {
		k.SFrame = t.SFrame
	}
	if t.CFI != nil {
		k.CFI = t.CFI
	}
}

// blame makes an error about a section, whose address is 0 if it isn't loaded.
func blame(im *image.Image, section string, addr uint64, err error) error {
	e := &image.Error{File: im.Name, What: fmt.Sprintf("section %s: %v", section, err), Err: err}
	if s, ok := im.Segment(addr); ok {
		e.Offset = s.Offset + addr - s.Addr
	}
	return e
}
