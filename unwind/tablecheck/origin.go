// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"bytes"
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"

	"stacksweep/image"
	"stacksweep/unwind"
)

// Origin says what code comes from.
type Origin uint8

const (
	FromUnknown  Origin = iota // the file doesn't tell
	FromAssembly               // an assembly file
	FromC                      // a C or C++ file
)

// Origins tells where the code at an address of an ELF file comes from: by the language that DWARF gives each unit,
// else by the names of source files in the symbol table. What a file without either comes from isn't known; but an
// object that no compiler left a mark in is assembly. data is the file that im was read from.
func Origins(im *image.Image, data []byte) (func(addr uint64) Origin, error) {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: a file that isn't ELF doesn't tell what comes from assembly", im.Name)
	}
	symbols, _ := file.Symbols()
	assembly, compiled, others := units(im)
	byFile, named := originByFile(im, symbols)
	known := len(assembly)+len(compiled)+len(others) > 0 || named
	isCompiled := file.Section(".comment") != nil || len(others) > 0
	switch {
	case known:
	case file.Type == elf.ET_REL && !isCompiled && len(symbols) > 0:
		return func(uint64) Origin { return FromAssembly }, nil
	default:
		return nil,
			fmt.Errorf("%s doesn't tell what comes from assembly: it has neither DWARF nor file symbols", im.Name)
	}
	return func(addr uint64) Origin {
		switch { // DWARF leaves out sections that have no line numbers
		case anyHolds(assembly, addr):
			return FromAssembly
		case anyHolds(compiled, addr):
			return FromC
		case anyHolds(others, addr):
			return FromUnknown
		}
		return byFile(addr)
	}, nil
}

// originOrUnknown is Origins where nothing is said of origins if nothing tells.
func originOrUnknown(im *image.Image, data []byte) func(addr uint64) Origin {
	if data != nil {
		if origin, err := Origins(im, data); err == nil {
			return origin
		}
	}
	return func(uint64) Origin { return FromUnknown }
}

// anyHolds reports whether an address lies in one of some ranges, which are sorted by their starts.
func anyHolds(ranges []unwind.Range, addr uint64) bool {
	i, _ := slices.BinarySearchFunc(ranges, addr, func(r unwind.Range, addr uint64) int {
		if r.End <= addr {
			return -1
		}
		return 1
	})
	return i < len(ranges) && ranges[i].Contains(addr)
}

// isC reports whether DWARF's number of a language is of C or C++ (DWARF 5, table 7.17, and later additions).
func isC(language int64) bool {
	switch language {
	case 0x01, 0x02, 0x04, 0x0c, 0x1a, 0x1d, 0x21, 0x2b, 0x2c, 0x3e:
		return true
	}
	return false
}

// units lists the address ranges of the DWARF units by their language: assembly, C and kin, others.
func units(im *image.Image) (assembly, compiled, others []unwind.Range) {
	const assembler, assembler23 = 0x8001, 0x31 // DW_LANG_Mips_Assembler, which is used for any, and DW_LANG_Assembly
	data, info, err := im.DWARF()
	if err != nil {
		return nil, nil, nil
	}
	r := data.Reader()
	for _, at := range firstEntries(info) {
		r.Seek(at)
		unit, err := r.Next()
		if err != nil || unit == nil {
			continue
		}
		of, err := data.Ranges(unit)
		if err != nil {
			continue
		}
		ranges := make([]unwind.Range, len(of))
		for i, r := range of {
			ranges[i] = unwind.Range{Start: r[0] + im.DWARFBase(), End: r[1] + im.DWARFBase()}
		}
		switch language, _ := unit.Val(dwarf.AttrLanguage).(int64); {
		case language == assembler || language == assembler23:
			assembly = append(assembly, ranges...)
		case isC(language):
			compiled = append(compiled, ranges...)
		default:
			others = append(others, ranges...)
		}
	}
	for _, s := range [][]unwind.Range{assembly, compiled, others} {
		slices.SortFunc(s, func(a, b unwind.Range) int { return cmp.Compare(a.Start, b.Start) })
	}
	return assembly, compiled, others
}

// firstEntries returns the offset of the first entry of each compilation unit in .debug_info (DWARF 5, section 7.5.1;
// 32-bit format). It reads headers only, so that a large file takes no time.
func firstEntries(info []byte) []dwarf.Offset {
	const unitCompile, headerV4, headerV5 = 1, 11, 12
	var entries []dwarf.Offset
	for at := uint64(0); at+headerV5 <= uint64(len(info)); {
		length, version := uint64(binary.LittleEndian.Uint32(info[at:])), binary.LittleEndian.Uint16(info[at+4:])
		if length > 0xfffffff0 || length < headerV4-4 {
			break
		}
		switch {
		case version >= 2 && version <= 4:
			entries = append(entries, dwarf.Offset(at+headerV4))
		case version == 5 && info[at+6] == unitCompile:
			entries = append(entries, dwarf.Offset(at+headerV5))
		}
		at += 4 + length
	}
	return entries
}

// originByFile tells assembly from other code by the symbol table, which names the source file, or the object if the
// assembler was told none, before the local symbols of each object. Local symbols, mapping symbols ("$x") among them,
// stand at the start of an object's code at the latest, and so tell whose the global ones after them are. In an object
// those before any file, but for those of sections, are of assembly whose file the assembler was not told. It reports
// whether the table names any file.
func originByFile(im *image.Image, symbols []elf.Symbol) (at func(addr uint64) Origin, named bool) {
	type mark struct {
		addr   uint64
		origin Origin
	}
	var marks []mark
	current := FromUnknown
	if im.Kind == image.Relocatable {
		current = FromAssembly
	}
	for _, s := range symbols {
		switch kind := elf.ST_TYPE(s.Info); {
		case kind == elf.STT_FILE && s.Name == "":
			current = FromUnknown // global symbols that the linker made local
		case kind == elf.STT_FILE:
			current, named = originOf(s.Name), true
		case kind != elf.STT_SECTION && elf.ST_BIND(s.Info) == elf.STB_LOCAL && s.Section != elf.SHN_UNDEF &&
			s.Section < elf.SHN_LORESERVE:
			marks = append(marks, mark{im.Address(int(s.Section), s.Value), current})
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.addr, b.addr) })
	return func(addr uint64) Origin {
		i, found := slices.BinarySearchFunc(marks, addr, func(m mark, addr uint64) int {
			return cmp.Compare(m.addr, addr)
		})
		if !found {
			i--
		}
		if i < 0 || !named {
			return FromUnknown
		}
		return marks[i].origin
	}, named
}

// originOf tells a source file by its name.
func originOf(name string) Origin {
	switch filepath.Ext(name) {
	case ".S", ".s", ".o", ".asm":
		return FromAssembly
	case ".c", ".cc", ".cpp", ".cxx", ".C", ".i", ".ii":
		return FromC
	}
	return FromUnknown
}
