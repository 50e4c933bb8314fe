// SPDX-License-Identifier: GPL-2.0-only

// Package symbolfile writes the symbols of an image as an ELF file for a debugger: the sections have their addresses
// and sizes but no contents, as in a file that 'objcopy --only-keep-debug' makes. What code is, the debugger reads from
// the machine that it debugs.
package symbolfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"stacksweep/image"
)

// Make returns the file: little-endian ELF64 for AArch64, with a section for each segment of the image, a symbol for
// each of its symbols in a segment, and as much DWARF as a debugger needs to put breakpoints on the first instructions
// of functions. Backtraces end in the functions at the addresses that are given.
func Make(im *image.Image, ends ...uint64) []byte {
	w := &writer{names: []byte{0}}
	w.file.Write(make([]byte, headerSize))
	w.section("", elf.Section64{}, nil)
	for i, s := range im.Segments {
		name, flags := s.Name, elf.SHF_ALLOC
		if s.Perm&image.Exec != 0 {
			flags |= elf.SHF_EXECINSTR
		}
		if s.Perm&image.Write != 0 {
			flags |= elf.SHF_WRITE
		}
		if name == "" {
			name = sectionName(i, s.Perm)
		}
		w.section(name, elf.Section64{Type: uint32(elf.SHT_NOBITS), Flags: uint64(flags), Addr: s.Addr, Size: s.Size,
			Addralign: 4}, nil)
	}
	symbols, names := symbolTable(im)
	link := uint32(len(w.sections) + 1)
	w.section(".symtab", elf.Section64{Type: uint32(elf.SHT_SYMTAB), Link: link, Info: 1, Addralign: 8,
		Entsize: elf.Sym64Size}, symbols)
	w.section(".strtab", elf.Section64{Type: uint32(elf.SHT_STRTAB), Addralign: 1}, names)
	info, strings := functions(im)
	for _, s := range []struct {
		name     string
		contents []byte
	}{
		{".debug_info", info}, {".debug_abbrev", abbreviations}, {".debug_str", strings},
		{".debug_loc", emptyLocations},
		{".debug_frame", outermost(Functions(im, ends), 0)},
	} {
		w.section(s.name, elf.Section64{Type: uint32(elf.SHT_PROGBITS), Addralign: 8}, s.contents)
	}
	return w.finish()
}

// Functions returns the functions at some addresses; where there is none, what is there has one instruction.
func Functions(im *image.Image, addrs []uint64) []image.Symbol {
	var all []image.Symbol
	for _, addr := range addrs {
		if s, ok := im.Symbols.At(addr); ok {
			all = append(all, s)
		} else if addr != 0 {
			all = append(all, image.Symbol{Addr: addr, Size: 4})
		}
	}
	return all
}

func sectionName(i int, p image.Perm) string {
	switch {
	case p&image.Exec != 0:
		return ".text"
	case p&image.Write != 0:
		return ".data"
	}
	return ".rodata"
}

// symbolTable returns the symbols, all of them global, and their names.
func symbolTable(im *image.Image) (symbols, names []byte) {
	symbols, names = make([]byte, elf.Sym64Size), []byte{0}
	for s := range im.Symbols.All() {
		section := sectionOf(im, s.Addr)
		if section == 0 {
			continue
		}
		kind := elf.STT_NOTYPE
		switch s.Kind {
		case image.Func:
			kind = elf.STT_FUNC
		case image.Object:
			kind = elf.STT_OBJECT
		}
		symbols, _ = binary.Append(symbols, binary.LittleEndian, elf.Sym64{
			Name: uint32(len(names)), Info: elf.ST_INFO(elf.STB_GLOBAL, kind), Shndx: section, Value: s.Addr,
			Size: s.Size,
		})
		names = append(append(names, s.Name...), 0)
	}
	return symbols, names
}

// sectionOf returns the number of the section that holds an address, 0 if none does.
func sectionOf(im *image.Image, addr uint64) uint16 {
	for i, s := range im.Segments {
		if addr-s.Addr < s.Size {
			return uint16(i + 1)
		}
	}
	return 0
}

const headerSize = 64

// A writer collects the parts of an ELF file: the header, the contents of the sections, and their headers.
type writer struct {
	file     bytes.Buffer
	names    []byte
	sections []elf.Section64
}

// section adds a section. Contents go into the file.
func (w *writer) section(name string, s elf.Section64, contents []byte) {
	if name != "" {
		s.Name = uint32(len(w.names))
		w.names = append(append(w.names, name...), 0)
	}
	s.Off = uint64(w.file.Len())
	if contents != nil {
		s.Size = uint64(len(contents))
		w.file.Write(contents)
		w.file.Write(make([]byte, -len(contents)&7))
	}
	w.sections = append(w.sections, s)
}

func (w *writer) finish() []byte {
	const shstrtab = ".shstrtab"
	names := append(bytes.Clone(w.names), shstrtab+"\x00"...)
	w.section(shstrtab, elf.Section64{Type: uint32(elf.SHT_STRTAB), Addralign: 1}, names)
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: uint32(elf.EV_CURRENT), Ehsize: headerSize,
		Shoff: uint64(w.file.Len()), Shentsize: 64, Shnum: uint16(len(w.sections)),
		Shstrndx: uint16(len(w.sections) - 1),
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64),
		byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	file, _ := binary.Append(w.file.Bytes(), binary.LittleEndian, w.sections)
	head, _ := binary.Append(nil, binary.LittleEndian, header)
	copy(file, head)
	return file
}
