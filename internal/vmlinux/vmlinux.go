// SPDX-License-Identifier: GPL-2.0-only

// Package vmlinux makes of a kernel's Image an ELF file like the one that the Image was made of, for tests that need a
// vmlinux where there is none: distributions don't ship it but with hundreds of megabytes of debugging information.
package vmlinux

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"stacksweep/image"
)

// Make makes an ELF file of a flat Image, in the shape that the linker gives a kernel's: code, then all the rest with
// all permissions, at addresses that are final; BTF and symbols. If sframe isn't nil it becomes the section .sframe at
// an address.
func Make(im *image.Image, sframeAddr uint64, sframe []byte) []byte {
	flat := im.Segments[0]
	init, _ := im.Symbols.Lookup("_sinittext")
	code := (init.Addr - flat.Addr) &^ 0xffff
	w := &writer{names: []byte{0}}
	w.file.Write(make([]byte, headers))
	w.add("", elf.SHT_NULL, 0, nil, 0, 0)
	text := w.add(".text", elf.SHT_PROGBITS, flat.Addr, flat.Data[:code], 0, 0)
	w.load(text, elf.PF_R|elf.PF_X, code)
	data := w.add(".data", elf.SHT_PROGBITS, flat.Addr+code, flat.Data[code:], 0, 0)
	w.load(data, elf.PF_R|elf.PF_W|elf.PF_X, flat.Size-code)
	if sframe != nil {
		table := w.add(".sframe", elf.SHT_PROGBITS, sframeAddr, sframe, 0, 0)
		w.load(table, elf.PF_R, uint64(len(sframe)))
	}
	w.add(".BTF", elf.SHT_PROGBITS, 0, btfOf(flat.Data), 0, 0)
	strings, symbols := []byte{0}, make([]byte, elf.Sym64Size)
	for s := range im.Symbols.All() {
		kind, section, size := elf.STT_NOTYPE, text, uint64(0)
		if s.Kind == image.Func {
			kind, size = elf.STT_FUNC, s.Size
		}
		if s.Addr >= flat.Addr+code {
			section = data
		}
		symbols, _ = binary.Append(symbols, binary.LittleEndian, elf.Sym64{
			Name: uint32(len(strings)), Info: elf.ST_INFO(elf.STB_GLOBAL, kind), Shndx: uint16(section), Value: s.Addr,
			Size: size,
		})
		strings = append(append(strings, s.Name...), 0)
	}
	w.add(".symtab", elf.SHT_SYMTAB, 0, symbols, len(w.sections)+1, elf.Sym64Size)
	w.add(".strtab", elf.SHT_STRTAB, 0, strings, 0, 0)
	return w.finish(im.Base)
}

// headers is the room for the file's header and the program headers.
const headers = 0x1000

// writer collects the parts of an ELF file.
type writer struct {
	file     bytes.Buffer
	names    []byte
	sections []elf.Section64
	programs []elf.Prog64
}

// add writes a section, which is loaded if it has an address, and returns its number.
func (w *writer) add(name string, kind elf.SectionType, addr uint64, data []byte, link int, entry uint64) int {
	flags := uint64(0)
	if addr != 0 {
		flags = uint64(elf.SHF_ALLOC)
	}
	w.sections = append(w.sections, elf.Section64{
		Name: uint32(len(w.names)), Type: uint32(kind), Flags: flags, Addr: addr, Off: uint64(w.file.Len()),
		Size: uint64(len(data)),
		Link: uint32(link), Addralign: 1, Entsize: entry,
	})
	w.names = append(append(w.names, name...), 0)
	w.file.Write(data)
	return len(w.sections) - 1
}

// load makes a program header of a section that takes size bytes in memory.
func (w *writer) load(section int, flags elf.ProgFlag, size uint64) {
	s := w.sections[section]
	w.programs = append(w.programs, elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(flags), Off: s.Off, Vaddr: s.Addr, Filesz: s.Size,
		Memsz: size, Align: 1,
	})
}

// finish writes the names and the headers.
func (w *writer) finish(entry uint64) []byte {
	const shstrtab = ".shstrtab"
	names := w.add(shstrtab, elf.SHT_STRTAB, 0, append(bytes.Clone(w.names), shstrtab+"\x00"...), 0, 0)
	at := w.file.Len()
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: 1, Entry: entry, Ehsize: 64,
		Phoff: 64, Phentsize: 56, Phnum: uint16(len(w.programs)), Shoff: uint64(at), Shentsize: 64,
		Shnum: uint16(len(w.sections)), Shstrndx: uint16(names),
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64),
		byte(elf.ELFDATA2LSB), 1
	file, _ := binary.Append(w.file.Bytes(), binary.LittleEndian, w.sections)
	head, _ := binary.Append(nil, binary.LittleEndian, h)
	head, _ = binary.Append(head, binary.LittleEndian, w.programs)
	copy(file, head)
	return file
}

// btfOf returns the longest piece of a flat Image that has a header of BTF: version 1, of 24 bytes.
func btfOf(data []byte) (btf []byte) {
	le := binary.LittleEndian
	magic := []byte{0x9f, 0xeb, 1, 0, 24, 0, 0, 0}
	for off := 0; ; off++ {
		i := bytes.Index(data[off:], magic)
		if i < 0 {
			return btf
		}
		off += i
		end := 24 + uint64(le.Uint32(data[off+16:])) + uint64(le.Uint32(data[off+20:]))
		if end > uint64(len(btf)) && end <= uint64(len(data)-off) {
			btf = data[off : off+int(end)]
		}
	}
}
