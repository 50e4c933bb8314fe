package image

import (
	"debug/elf"
	"fmt"
	"math/bits"
	"strings"
)

// Layout of the 64-bit ELF tables: System V ABI, chapters "ELF Header", "Sections", "Symbol Table", "Relocation" and
// "Program Header". The package debug/elf is used for its names only: it takes sizes and indices as they come.
const (
	elfMagic   = elf.ELFMAG
	ehdrSize   = 64
	shdrSize   = 64
	phdrSize   = 56
	symSize    = 24
	relaSize   = 24
	relrSize   = 8
	maxNameLen = 1 << 16 // bytes; longer than any mangled name, short enough to keep scanning linear
)

// elfFile is an ELF file whose tables have been read and lie within the file.
type elfFile struct {
	*file
	kind     elf.Type
	entry    uint64
	sections []elfSection
	programs []elfProgram

	strings map[uint32]string      // string tables by section, as read so far
	tables  map[uint32][]elfSymbol // symbol tables by section, as read so far
}

type elfSection struct {
	name                      string
	at                        uint64 // file offset of the section header
	kind                      elf.SectionType
	flags                     elf.SectionFlag
	addr, offset, size, align uint64
	entsize                   uint64
	link, info                uint32
	data                      []byte // nil for NOBITS
}

// loaded reports whether the section is part of the memory of a program.
func (s *elfSection) loaded() bool { return s.flags&elf.SHF_ALLOC != 0 }

type elfProgram struct {
	at                           uint64 // file offset of the program header
	kind                         elf.ProgType
	flags                        elf.ProgFlag
	offset, vaddr, filesz, memsz uint64
}

type elfSymbol struct {
	name  string
	kind  elf.SymType
	bind  elf.SymBind
	index elf.SectionIndex
	value uint64
	size  uint64
	at    uint64 // file offset of the entry
}

func parseELF(f *file, o options) (*Image, error) {
	ef, err := readELF(f)
	if err != nil {
		return nil, err
	}
	if o.base != nil && *o.base%pageSize != 0 {
		return nil, f.errorf(0, "base 0x%x is not a multiple of 0x%x", *o.base, pageSize)
	}
	var im *Image
	switch ef.kind {
	case elf.ET_EXEC, elf.ET_DYN:
		im, err = ef.linked(o)
	case elf.ET_REL:
		im, err = ef.object(o)
	default:
		err = f.errorf(16, "ELF type %v holds no code to run", ef.kind)
	}
	if err != nil {
		return nil, err
	}
	ef.elfTypes(im)
	return im, nil
}

// readELF reads the header and the two tables that it points to.
func readELF(f *file) (*elfFile, error) {
	h, err := f.within(0, ehdrSize, 0, "the ELF header")
	if err != nil {
		return nil, err
	}
	class, order, machine := elf.Class(h[elf.EI_CLASS]), elf.Data(h[elf.EI_DATA]), elf.Machine(le.Uint16(h[18:]))
	switch {
	case class != elf.ELFCLASS64:
		return nil, f.errorf(elf.EI_CLASS, "%v: ELF class is %v", ErrArch, class)
	case order != elf.ELFDATA2LSB:
		return nil, f.errorf(elf.EI_DATA, "%v: ELF byte order is %v", ErrArch, order)
	case machine != elf.EM_AARCH64:
		return nil, f.errorf(18, "%v: ELF machine is %v", ErrArch, machine)
	}
	ef := &elfFile{
		file:    f,
		kind:    elf.Type(le.Uint16(h[16:])),
		entry:   le.Uint64(h[24:]),
		strings: map[uint32]string{},
		tables:  map[uint32][]elfSymbol{},
	}
	if err := ef.readPrograms(le.Uint64(h[32:]), le.Uint16(h[54:]), le.Uint16(h[56:])); err != nil {
		return nil, err
	}
	if err := ef.readSections(le.Uint64(h[40:]), le.Uint16(h[58:]), le.Uint16(h[60:]), le.Uint16(h[62:])); err != nil {
		return nil, err
	}
	return ef, nil
}

func (ef *elfFile) readPrograms(off uint64, entsize, count uint16) error {
	if count == 0 {
		return nil
	}
	if entsize != phdrSize {
		return ef.errorf(54, "program headers of %d bytes, not %d", entsize, phdrSize)
	}
	table, err := ef.within(off, uint64(count)*phdrSize, 32, "the program header table")
	if err != nil {
		return err
	}
	for i := range int(count) {
		b := table[i*phdrSize:]
		ef.programs = append(ef.programs, elfProgram{
			at:     off + uint64(i)*phdrSize,
			kind:   elf.ProgType(le.Uint32(b)),
			flags:  elf.ProgFlag(le.Uint32(b[4:])),
			offset: le.Uint64(b[8:]),
			vaddr:  le.Uint64(b[16:]),
			filesz: le.Uint64(b[32:]),
			memsz:  le.Uint64(b[40:]),
		})
	}
	return nil
}

func (ef *elfFile) readSections(off uint64, entsize, count, names uint16) error {
	if off == 0 {
		return nil
	}
	if entsize != shdrSize {
		return ef.errorf(58, "section headers of %d bytes, not %d", entsize, shdrSize)
	}
	if count == 0 || elf.SectionIndex(names) == elf.SHN_XINDEX {
		return ef.errorf(60, "more than %d sections are not supported", int(elf.SHN_LORESERVE)-1)
	}
	table, err := ef.within(off, uint64(count)*shdrSize, 40, "the section header table")
	if err != nil {
		return err
	}
	nameAt := make([]uint32, count)
	stored := uint64(0)
	for i := range int(count) {
		b := table[i*shdrSize:]
		s := elfSection{
			at:      off + uint64(i)*shdrSize,
			kind:    elf.SectionType(le.Uint32(b[4:])),
			flags:   elf.SectionFlag(le.Uint64(b[8:])),
			addr:    le.Uint64(b[16:]),
			offset:  le.Uint64(b[24:]),
			size:    le.Uint64(b[32:]),
			link:    le.Uint32(b[40:]),
			info:    le.Uint32(b[44:]),
			align:   max(1, le.Uint64(b[48:])),
			entsize: le.Uint64(b[56:]),
		}
		nameAt[i] = le.Uint32(b)
		if bits.OnesCount64(s.align) != 1 {
			return ef.errorf(s.at, "section %d: alignment 0x%x is not a power of two", i, s.align)
		}
		if s.kind != elf.SHT_NOBITS && s.kind != elf.SHT_NULL {
			if s.data, err = ef.within(s.offset, s.size, s.at, fmt.Sprintf("section %d", i)); err != nil {
				return err
			}
			// What a section may cost to read is bounded by its size only if sections don't share bytes.
			if stored += s.size; stored > uint64(len(ef.data)) {
				return ef.errorf(s.at, "the sections hold more bytes than the file: they overlap")
			}
		}
		ef.sections = append(ef.sections, s)
	}
	strtab, err := ef.stringTable(uint32(names), 62)
	if err != nil {
		return err
	}
	for i := range ef.sections {
		s := &ef.sections[i]
		if s.name, err = ef.str(strtab, nameAt[i], s.at); err != nil {
			return err
		}
	}
	return nil
}

// stringTable returns the contents of section i; at is the place in the file that refers to it.
func (ef *elfFile) stringTable(i uint32, at uint64) (string, error) {
	if uint64(i) >= uint64(len(ef.sections)) {
		return "", ef.errorf(at, "the string table, section %d, doesn't exist: there are %d", i, len(ef.sections))
	}
	table, ok := ef.strings[i]
	if !ok {
		table = string(ef.sections[i].data)
		ef.strings[i] = table
	}
	return table, nil
}

// str returns the NUL-terminated name at off of a string table; at is the place in the file that refers to it.
func (ef *elfFile) str(table string, off uint32, at uint64) (string, error) {
	if off == 0 {
		return "", nil
	}
	if uint64(off) >= uint64(len(table)) {
		return "", ef.errorf(at, "name at 0x%x of a string table of 0x%x bytes", off, len(table))
	}
	rest := table[off:min(uint64(len(table)), uint64(off)+maxNameLen)]
	end := strings.IndexByte(rest, 0)
	if end < 0 {
		return "", ef.errorf(at, "the name at 0x%x of the string table has no end", off)
	}
	return rest[:end], nil
}

// symbols reads the symbol table that is section i, which exists.
func (ef *elfFile) symbols(i uint32) ([]elfSymbol, error) {
	if syms, ok := ef.tables[i]; ok {
		return syms, nil
	}
	table := &ef.sections[i]
	if table.entsize != symSize || table.size%symSize != 0 {
		return nil, ef.errorf(table.at, "section %s: 0x%x bytes of symbols with 0x%x bytes each, not 0x%x", table.name, table.size, table.entsize, symSize)
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

// addSymbols gives the image the symbols of a table; address gives the address of one that is in a loaded section.
func (ef *elfFile) addSymbols(im *Image, table uint32, address func(elfSymbol) uint64) error {
	syms, err := ef.symbols(table)
	if err != nil {
		return err
	}
	im.Symbols = newSymbols(ef.places(syms, address), im.Segments)
	if im.Symbols.Len() == 0 {
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
			sym.Kind = Func
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
