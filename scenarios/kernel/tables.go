// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"

	"stacksweep/image"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// openTables reads the unwind tables of a vmlinux: SFrame by the kernel's rules, and DWARF call frame information. A flat
// Image may hold them too, but has no sections that tell where.
//
// The code that is freed after boot has a table of its own, .init.sframe, which no unwinder is told of unless the linker
// script joins the two; nothing that is swept lies there.
func (k *Kernel) openTables() (err error) {
	if addr, data, ok := k.image.Section(".sframe"); ok && addr != 0 {
		rules := sframe.Rules{Kernel: true, Outermost: true}
		if k.sframe, err = sframe.OpenTable(data, addr, rules); err != nil {
			return k.blame(".sframe", addr, err)
		}
	}
	name, kind := ".eh_frame", cfi.EHFrame
	addr, data, ok := k.image.Section(name)
	if !ok {
		name, kind = ".debug_frame", cfi.DebugFrame
		if addr, data, ok = k.image.Section(name); !ok {
			return nil
		}
	}
	if k.cfi, err = cfi.Parse(data, addr, kind); err != nil {
		return k.blame(name, addr, err)
	}
	return nil
}

// blame makes an error about a section, whose address is 0 if it isn't loaded.
func (k *Kernel) blame(section string, addr uint64, err error) error {
	e := &image.Error{File: k.image.Name, What: fmt.Sprintf("section %s: %v", section, err), Err: err}
	if s, ok := k.image.Segment(addr); ok {
		e.Offset = s.Offset + addr - s.Addr
	}
	return e
}
