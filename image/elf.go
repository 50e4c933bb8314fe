// SPDX-License-Identifier: GPL-2.0-only

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

// Offsets of the fields of the ELF header that are used.
const (
	ehType      = 16
	ehMachine   = 18
	ehEntry     = 24
	ehPhoff     = 32
	ehShoff     = 40
	ehPhentsize = 54
	ehPhnum     = 56
	ehShentsize = 58
	ehShnum     = 60
	ehShstrndx  = 62
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

// isCode reports whether the section is loaded and executable.
func (s *elfSection) isCode() bool { return s.loaded() && s.flags&elf.SHF_EXECINSTR != 0 }

type elfProgram struct {
	at                           uint64 // file offset of the program header
	kind                         elf.ProgType
	flags                        elf.ProgFlag
	offset, vaddr, filesz, memsz uint64
	align                        uint64
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
		err = f.errorf(ehType, "ELF type %v holds no code to run", ef.kind)
	}
	if err != nil {
		return nil, err
	}
	ef.elfTypes(im)
	ef.elfLines(im)
	return im, nil
}

// readELF reads the header and the two tables that it points to.
func readELF(f *file) (*elfFile, error) {
	h, err := f.within(0, ehdrSize, 0, "the ELF header")
	if err != nil {
		return nil, err
	}
	class, order, machine := elf.Class(h[elf.EI_CLASS]), elf.Data(h[elf.EI_DATA]), elf.Machine(le.Uint16(h[ehMachine:]))
	switch {
	case class != elf.ELFCLASS64:
		return nil, f.errorf(elf.EI_CLASS, "%v: ELF class is %v", ErrArch, class)
	case order != elf.ELFDATA2LSB:
		return nil, f.errorf(elf.EI_DATA, "%v: ELF byte order is %v", ErrArch, order)
	case machine != elf.EM_AARCH64:
		return nil, f.errorf(ehMachine, "%v: ELF machine is %v", ErrArch, machine)
	}
	ef := &elfFile{
		file:    f,
		kind:    elf.Type(le.Uint16(h[ehType:])),
		entry:   le.Uint64(h[ehEntry:]),
		strings: map[uint32]string{},
		tables:  map[uint32][]elfSymbol{},
	}
	if err := ef.readPrograms(le.Uint64(h[ehPhoff:]), le.Uint16(h[ehPhentsize:]), le.Uint16(h[ehPhnum:])); err != nil {
		return nil, err
	}
	if err := ef.readSections(le.Uint64(h[ehShoff:]), le.Uint16(h[ehShentsize:]), le.Uint16(h[ehShnum:]),
		le.Uint16(h[ehShstrndx:])); err != nil {
		return nil, err
	}
	return ef, nil
}

func (ef *elfFile) readPrograms(off uint64, entsize, count uint16) error {
	if count == 0 {
		return nil
	}
	if entsize != phdrSize {
		return ef.errorf(ehPhentsize, "program headers of %d bytes, not %d", entsize, phdrSize)
	}
	table, err := ef.within(off, uint64(count)*phdrSize, ehPhoff, "the program header table")
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
			align:  le.Uint64(b[48:]),
		})
	}
	return nil
}

func (ef *elfFile) readSections(off uint64, entsize, count, names uint16) error {
	if off == 0 {
		return nil
	}
	if entsize != shdrSize {
		return ef.errorf(ehShentsize, "section headers of %d bytes, not %d", entsize, shdrSize)
	}
	if count == 0 || elf.SectionIndex(names) == elf.SHN_XINDEX {
		return ef.errorf(ehShnum, "more than %d sections are not supported", int(elf.SHN_LORESERVE)-1)
	}
	table, err := ef.within(off, uint64(count)*shdrSize, ehShoff, "the section header table")
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
	strtab, err := ef.stringTable(uint32(names), ehShstrndx)
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
