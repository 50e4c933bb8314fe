// SPDX-License-Identifier: GPL-2.0-only

package image

import "debug/elf"

// elfSymbol is an entry of an ELF symbol table.
type elfSymbol struct {
	name  string
	kind  elf.SymType
	bind  elf.SymBind
	index elf.SectionIndex
	value uint64
	size  uint64
	at    uint64 // file offset of the entry
}

// symbols reads the symbol table that is section i, which exists.
func (ef *elfFile) symbols(i uint32) ([]elfSymbol, error) {
	if syms, ok := ef.tables[i]; ok {
		return syms, nil
	}
	table := &ef.sections[i]
	if table.entsize != symSize || table.size%symSize != 0 {
		return nil, ef.errorf(table.at, "section %s: 0x%x bytes of symbols with 0x%x bytes each, not 0x%x", table.name,
			table.size, table.entsize, symSize)
	}
	strtab, err := ef.stringTable(table.link, table.at)
	if err != nil {
		return nil, err
	}
	syms := make([]elfSymbol, 0, len(table.data)/symSize)
	for off := uint64(0); off < uint64(len(table.data)); off += symSize {
		b, at := table.data[off:], table.offset+off
		s := elfSymbol{
			kind:  elf.ST_TYPE(b[4]),
			bind:  elf.ST_BIND(b[4]),
			index: elf.SectionIndex(le.Uint16(b[6:])),
			value: le.Uint64(b[8:]),
			size:  le.Uint64(b[16:]),
			at:    at,
		}
		if s.name, err = ef.str(strtab, le.Uint32(b), at); err != nil {
			return nil, err
		}
		if s.index < elf.SHN_LORESERVE && int(s.index) >= len(ef.sections) {
			return nil, ef.errorf(at, "symbol %q is in section %d, which doesn't exist", s.name, s.index)
		}
		if s.index == elf.SHN_XINDEX {
			return nil, ef.errorf(at, "more than %d sections are not supported", int(elf.SHN_LORESERVE)-1)
		}
		syms = append(syms, s)
	}
	ef.tables[i] = syms
	return syms, nil
}

// symbolTable returns the section with the fullest symbol table: .symtab, else .dynsym.
func (ef *elfFile) symbolTable() (section uint32, err error) {
	for _, kind := range []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		for i := range ef.sections {
			if ef.sections[i].kind == kind {
				return uint32(i), nil
			}
		}
	}
	return 0, ef.errorf(0, "%v: the file has no symbol table", ErrNoSymbols)
}

// addSymbols gives the image the symbols of a table, and more; address gives the address of one that is in a loaded
// section. A file that is only looked at may have none.
func (ef *elfFile) addSymbols(im *Image, table uint32, address func(elfSymbol) uint64, o options,
	more ...Symbol) error {
	var syms []elfSymbol
	if table != 0 {
		var err error
		if syms, err = ef.symbols(table); err != nil {
			return err
		}
	}
	im.Symbols = newSymbols(append(ef.places(syms, address), more...), im.Segments)
	if im.Symbols.Len() == 0 && !o.static {
		s := &ef.sections[table]
		return ef.errorf(s.offset, "%v: section %s names no place", ErrNoSymbols, s.name)
	}
	return nil
}

// places are the symbols that an image has.
func (ef *elfFile) places(syms []elfSymbol, address func(elfSymbol) uint64) []Symbol {
	var all []Symbol
	for _, s := range syms {
		if s.index == elf.SHN_UNDEF || s.index >= elf.SHN_LORESERVE {
			continue // not here, or a number rather than a place
		}
		if !ef.sections[s.index].loaded() {
			continue
		}
		sym := Symbol{Name: s.name, Addr: address(s), Size: s.size, Global: s.bind != elf.STB_LOCAL}
		switch s.kind {
		case elf.STT_FUNC, elf.STT_GNU_IFUNC:
			sym.Kind, sym.IFunc = Func, s.kind == elf.STT_GNU_IFUNC
		case elf.STT_OBJECT:
			sym.Kind = Object
		case elf.STT_NOTYPE:
			sym.Kind = Other
		default: // sections, files, thread-local variables
			continue
		}
		all = append(all, sym)
	}
	return all
}
