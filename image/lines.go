// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"sync"
)

// lineRow says from which source line the code from addr up to the next row is; file is "" where that isn't known.
type lineRow struct {
	addr uint64
	file string
	line int
}

// SourceLine returns the source line ("lib/string.c:132") of the instruction at addr; "" if the file's DWARF doesn't
// say, or can't be read. The first call reads all of the line tables.
func (im *Image) SourceLine(addr uint64) string {
	if im.lines == nil {
		return ""
	}
	rows := im.lines()
	i := sort.Search(len(rows), func(i int) bool { return rows[i].addr > addr })
	if i == 0 || rows[i-1].file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", rows[i-1].file, rows[i-1].line)
}

// elfLines reads the line tables of an ELF file when they are asked for.
func (ef *elfFile) elfLines(im *Image) {
	im.lines = sync.OnceValue(func() []lineRow {
		all, err := im.dwarf()
		if err != nil {
			return nil
		}
		rows := readLines(&all, im.DWARFBase())
		return slices.DeleteFunc(rows, func(r lineRow) bool { return r.file != "" && !im.executable(r.addr) })
	})
	im.dwarf = func() (debugging, error) {
		from := ef
		if im.debug != nil {
			from = im.debug
		}
		if all, err := from.plainDWARF(); err != errNotPlain {
			return all, err
		}
		data := from.data
		if im.debug == nil && im.Kind == Relocatable {
			data = ef.placed()
		}
		return readDWARF(data)
	}
	im.address = func(section int, value uint64) uint64 {
		if im.Kind == Relocatable && section >= 0 && section < len(ef.sections) {
			return ef.sections[section].addr + value
		}
		return im.Base + value
	}
}

var errNoDWARF = errors.New("the file has no DWARF")

// DWARF reads the debugging information of an ELF file, and returns with it the contents of .debug_info. Addresses in
// it are less than those of the image by DWARFBase.
func (im *Image) DWARF() (all *dwarf.Data, info []byte, err error) {
	if im.dwarf == nil {
		return nil, nil, errNoDWARF
	}
	found, err := im.dwarf()
	return found.all, found.info, err
}

// DWARFBase is what is to be added to addresses in DWARF.
func (im *Image) DWARFBase() uint64 {
	if im.Kind == Relocatable {
		return 0
	}
	return im.Base
}

// Address is the address in the image of what an ELF symbol with this section index and value names.
func (im *Image) Address(section int, value uint64) uint64 {
	if im.address == nil {
		return value
	}
	return im.address(section, value)
}

// executable reports whether an address is in code. Lines of functions that the linker dropped are at 0.
func (im *Image) executable(addr uint64) bool {
	s, ok := im.Segment(addr)
	return ok && s.Perm&Exec != 0
}

// placed returns an object's bytes with the addresses of the layout in its symbol table, for relocations to refer to.
func (ef *elfFile) placed() []byte {
	data := bytes.Clone(ef.data)
	for _, syms := range ef.tables {
		for _, s := range syms {
			if s.index != elf.SHN_UNDEF && s.index < elf.SHN_LORESERVE {
				const value = 8 // offset of st_value
				le.PutUint64(data[s.at+value:], ef.sections[s.index].addr+s.value)
			}
		}
	}
	return data
}

// Sizes of the headers of units in .debug_info (DWARF 5, section 7.5.1): up to version 4, from version 5 on, and what
// type units and those of split DWARF have besides.
const (
	unitHeader, unitHeader5     = 4 + 2 + 4 + 1, 4 + 2 + 1 + 1 + 4
	skeletonUnit, splitUnit     = 0x04, 0x05
	typeUnit, splitTypeUnit     = 0x02, 0x06
	skeletonExtra, typeExtra    = 8, 8 + 4
	firstLongLength, firstUnit5 = 0xfffffff0, 5
)

// units returns where the first entries of the units in .debug_info are, each after a header, up to the first unit that
// makes no sense. Going from one to the next by the lengths in the headers saves reading all that is in between.
//
//	up to version 4: length 4, version 2, offset of abbreviations 4, address size 1
//	version 5:       length 4, version 2, type 1, address size 1, offset of abbreviations 4; more for some types
func units(info []byte) (entries []dwarf.Offset) {
	for at := uint64(0); at+unitHeader5 <= uint64(len(info)); {
		length := uint64(le.Uint32(info[at:]))
		if length >= firstLongLength { // 64-bit DWARF, which no compiler writes for arm64 unasked
			break
		}
		header := uint64(unitHeader)
		if le.Uint16(info[at+4:]) >= firstUnit5 {
			header = unitHeader5
			switch info[at+6] {
			case skeletonUnit, splitUnit:
				header += skeletonExtra
			case typeUnit, splitTypeUnit:
				header += typeExtra
			}
		}
		entries = append(entries, dwarf.Offset(at+header))
		at += 4 + length
	}
	return entries
}

// readLines reads the line tables of all units up to the first that makes no sense.
func readLines(d *debugging, base uint64) []lineRow {
	var rows []lineRow
	r := d.all.Reader()
	for _, at := range units(d.info) {
		r.Seek(at)
		unit, err := r.Next()
		if err != nil || unit == nil {
			break
		}
		if table, ok := unit.Val(dwarf.AttrStmtList).(int64); ok && !countsFit(d.line, table, r.ByteOrder()) {
			break
		}
		lines, err := d.all.LineReader(unit)
		if err != nil {
			break
		}
		if lines == nil {
			continue
		}
		var e dwarf.LineEntry
		sequence := len(rows) // where the current one begins
		for err = lines.Next(&e); err == nil; err = lines.Next(&e) {
			row := lineRow{addr: base + e.Address}
			if e.EndSequence {
				for len(rows) > sequence && rows[len(rows)-1].addr == row.addr {
					rows = rows[:len(rows)-1] // a row of no length
				}
				sequence = len(rows) + 1
			} else if e.File != nil {
				row.file, row.line = e.File.Name, e.Line
			}
			rows = append(rows, row)
		}
		if !errors.Is(err, io.EOF) {
			break
		}
	}
	sortLines(rows)
	return rows
}

// sortLines sorts rows by address. Where one sequence ends another may begin, which may have come before.
func sortLines(rows []lineRow) {
	slices.SortStableFunc(rows, func(a, b lineRow) int {
		return cmp.Or(cmp.Compare(a.addr, b.addr), cmp.Compare(b2i(a.file != ""), b2i(b.file != "")))
	})
}
