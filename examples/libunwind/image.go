// SPDX-License-Identifier: GPL-2.0-only

//go:build libunwind

package main

import (
	"debug/elf"
	"fmt"
	"io"

	"stacksweep/unwind/cfi"
)

// readImage shows libunwind what an ELF file has of code and data, and where the entries of its .eh_frame are.
func readImage(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := io.ReadFull(p.Open(), data); err != nil {
			return fmt.Errorf("%s: the segment at %#x: %w", path, p.Vaddr, err)
		}
		setMemory(p.Vaddr, data)
	}
	section := f.Section(".eh_frame")
	if section == nil {
		return nil
	}
	data, err := section.Data()
	if err != nil {
		return fmt.Errorf("%s: .eh_frame: %w", path, err)
	}
	info, err := cfi.Parse(data, section.Addr, cfi.EHFrame)
	if err != nil {
		return fmt.Errorf("%s: .eh_frame: %w", path, err)
	}
	// A table such as .eh_frame_hdr has, which not every file comes with: offsets from the section, by address.
	table := make([]entry, len(info.FDEs))
	for i, fde := range info.FDEs {
		table[i] = entry{start: int32(fde.Start - section.Addr), fde: int32(fde.Offset)}
	}
	if len(table) > 0 {
		setTable(section.Addr, table, info.FDEs[len(table)-1].End)
	}
	return nil
}
