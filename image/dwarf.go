// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// errNotPlain says that sections with DWARF aren't to be read as they are.
var errNotPlain = errors.New("debugging information is compressed or relocated")

// debugging is what an ELF file has for debuggers.
type debugging struct {
	all        *dwarf.Data
	info, line []byte // .debug_info and .debug_line
}

// readDWARF reads the sections with DWARF of an ELF file, which may be compressed or relocated.
func readDWARF(file []byte) (d debugging, err error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return d, err
	}
	if d.all, err = f.DWARF(); err != nil {
		return d, err
	}
	for name, data := range map[string]*[]byte{"info": &d.info, "line": &d.line} {
		section := cmp.Or(f.Section(".debug_"+name), f.Section(".zdebug_"+name))
		if section == nil {
			if name == "info" {
				return d, errNoDWARF
			}
			continue
		}
		if *data, err = section.Data(); err != nil {
			return d, err
		}
	}
	return d, nil
}

// plainDWARF is what the package debug/elf makes of the sections with DWARF, .debug_info among them, without a copy of
// them: a kernel has 100 MB. It returns errNotPlain if any of them is compressed, relocated or not in the file.
func (ef *elfFile) plainDWARF() (d debugging, err error) {
	first := map[string][]byte{"abbrev": nil, "info": nil, "line": nil, "ranges": nil, "str": nil}
	var others []int
	for i := range ef.sections {
		name, ok := strings.CutPrefix(ef.sections[i].name, ".debug_")
		_, isFirst := first[name]
		switch {
		case strings.HasPrefix(ef.sections[i].name, ".zdebug_"), ok && !ef.isPlain(i):
			return d, errNotPlain
		case !ok:
		case isFirst:
			first[name] = ef.sections[i].data
		default:
			others = append(others, i)
		}
	}
	if first["info"] == nil {
		return d, errNotPlain
	}
	all, err := dwarf.New(first["abbrev"], nil, nil, first["info"], first["line"], nil, first["ranges"], first["str"])
	for _, i := range others {
		if err != nil {
			break
		}
		if s := &ef.sections[i]; s.name == ".debug_types" {
			err = all.AddTypes(fmt.Sprintf("types-%d", i), s.data)
		} else {
			err = all.AddSection(s.name, s.data)
		}
	}
	if err != nil {
		return d, err
	}
	return debugging{all, first["info"], first["line"]}, nil
}

// isPlain reports whether the contents of a section are in the file as they are to be read.
func (ef *elfFile) isPlain(section int) bool {
	s := &ef.sections[section]
	if s.kind == elf.SHT_NOBITS || s.flags&elf.SHF_COMPRESSED != 0 || s.loaded() || ef.kind == elf.ET_REL {
		return false
	}
	return ef.kind == elf.ET_EXEC || !slices.ContainsFunc(ef.sections, func(r elfSection) bool {
		return (r.kind == elf.SHT_RELA || r.kind == elf.SHT_REL) && int(r.info) == section
	})
}
