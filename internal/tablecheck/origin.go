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
)

// Assembly tells which addresses of an ELF file come from assembly: by the language that DWARF gives each unit, else by
// the names of source files in the symbol table. name is for messages.
func Assembly(name string, data []byte) (func(addr uint64) bool, error) {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: a file that isn't ELF doesn't tell what comes from assembly", name)
	}
	symbols, errSymbols := file.Symbols()
	if file.Type == elf.ET_REL { // there DWARF counts addresses from the start of each section
		return nil, fmt.Errorf("%s doesn't tell what comes from assembly: it is an object", name)
	}
	assembly, compiled := units(file)
	if len(assembly)+len(compiled) == 0 && errSymbols != nil {
		return nil, fmt.Errorf("%s doesn't tell what comes from assembly: it has neither DWARF nor file symbols", name)
	}
	byFile := originByFile(symbols)
	return func(addr uint64) bool {
		// DWARF leaves out sections that have no line numbers.
		return assembly.contain(addr) || !compiled.contain(addr) && byFile(addr)
	}, nil
}

// spans are ranges of addresses, by start.
type spans [][2]uint64

func (s spans) contain(addr uint64) bool {
	i, _ := slices.BinarySearchFunc(s, addr, func(r [2]uint64, addr uint64) int {
		if r[1] <= addr {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i][0] <= addr
}

// units lists the address ranges of the DWARF units by whether their language is assembly.
func units(file *elf.File) (assembly, compiled spans) {
	const assembler = 0x8001 // DW_LANG_Mips_Assembler, which stands for any (DWARF 5, table 7.17)
	data, err := file.DWARF()
	section := file.Section(".debug_info")
	if err != nil || section == nil {
		return nil, nil
	}
	info, err := section.Data()
	if err != nil {
		return nil, nil
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
		if language, _ := unit.Val(dwarf.AttrLanguage).(int64); language == assembler {
			assembly = append(assembly, of...)
		} else {
			compiled = append(compiled, of...)
		}
	}
	byStart := func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) }
	slices.SortFunc(assembly, byStart)
	slices.SortFunc(compiled, byStart)
	return assembly, compiled
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
// stand at the start of an object's code at the latest, and so tell whose the global ones behind are.
func originByFile(symbols []elf.Symbol) func(addr uint64) bool {
	type mark struct {
		addr     uint64
		assembly bool
	}
	var marks []mark
	assembly := false
	for _, s := range symbols {
		switch {
		case elf.ST_TYPE(s.Info) == elf.STT_FILE:
			switch filepath.Ext(s.Name) {
			case ".S", ".s", ".o":
				assembly = true
			default:
				assembly = false
			}
		case elf.ST_BIND(s.Info) == elf.STB_LOCAL && s.Section != elf.SHN_UNDEF && s.Section < elf.SHN_LORESERVE:
			marks = append(marks, mark{s.Value, assembly})
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.addr, b.addr) })
	return func(addr uint64) bool {
		i, found := slices.BinarySearchFunc(marks, addr, func(m mark, addr uint64) int { return cmp.Compare(m.addr, addr) })
		if !found {
			i--
		}
		return i >= 0 && marks[i].assembly
	}
}
