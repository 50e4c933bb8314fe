// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"strings"

	"stacksweep/image"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// openTable opens the file's SFrame table, if it has one, as the kernel would: a module's for an object, else its own.
func (f *File) openTable() error {
	addr, data, ok := f.own.Section(".sframe")
	if !ok || addr == 0 {
		return nil
	}
	rules := sframe.Rules{Kernel: true, Outermost: true, Module: f.own.Kind == image.Relocatable}
	table, err := sframe.OpenTable(data, addr, rules)
	if err != nil {
		return f.blame(addr, err, ".sframe: "+strings.TrimPrefix(err.Error(), "sframe: "))
	}
	f.table = table
	return nil
}

// openCFI reads the file's DWARF call frame information, if it has any.
func (f *File) openCFI() error {
	kind := cfi.EHFrame
	addr, data, ok := f.own.Section(".eh_frame")
	if !ok {
		kind = cfi.DebugFrame
		if addr, data, ok = f.own.Section(".debug_frame"); !ok {
			return nil
		}
	}
	info, err := cfi.Parse(data, addr, kind)
	if err != nil {
		return f.blame(addr, err, err.Error())
	}
	f.cfi = info
	return nil
}

// blame makes an error about a section, whose address is 0 if it isn't loaded.
func (f *File) blame(addr uint64, err error, what string) error {
	e := &image.Error{File: f.own.Name, What: what, Err: err}
	if s, ok := f.own.Segment(addr); ok {
		e.Offset = s.Offset + addr - s.Addr
	}
	return e
}
