// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"debug/elf"
	"fmt"
)

// ELF writes the image as an executable (ET_EXEC), for debuggers and unwinders that read files: its segments where they
// lie, its symbols, and, unless it is nil, a .debug_frame.
//
//	0     ELF header, 64 bytes
//	64    a PT_LOAD per segment, 56 bytes each
//	      the segments' contents, each at an offset that is its address modulo the page size
//	      .debug_frame, .symtab, .strtab, .shstrtab
//	      section headers, 64 bytes each: none, the segments, those four
func (im *Image) ELF(frames []byte) []byte {
	w := elfWriter{names: []byte{0}, strings: []byte{0}}
	w.out = make([]byte, ehdrSize+phdrSize*len(im.Segments))
	w.headers = append(w.headers, elfHeader{})
	for i, s := range im.Segments {
		for uint64(len(w.out))%pageSize != s.Addr%pageSize {
			w.out = append(w.out, 0)
		}
		w.program(i, &s)
		w.segment(&s)
	}
	if frames != nil {
		w.add(frames, elfHeader{name: w.name(debugFrame), kind: elf.SHT_PROGBITS, align: 8})
	}
	w.symbols(im)
	w.add(w.strings, elfHeader{name: w.name(".strtab"), kind: elf.SHT_STRTAB, align: 1})
	names := w.name(".shstrtab")
	w.add(w.names, elfHeader{name: names, kind: elf.SHT_STRTAB, align: 1})
	w.finish(len(im.Segments), im.Entry)
	return w.out
}

// elfHeader is a section header to be written.
type elfHeader struct {
	name, link, info                   uint32
	kind                               elf.SectionType
	flags                              elf.SectionFlag
	addr, offset, size, align, entsize uint64
}

type elfWriter struct {
	out            []byte
	headers        []elfHeader
	names, strings []byte
	code           int // how many sections of code there are
}

// name puts a section's name into the table of names.
func (w *elfWriter) name(s string) uint32 {
	at := len(w.names)
	w.names = append(append(w.names, s...), 0)
	return uint32(at)
}

// add appends the contents of a section.
func (w *elfWriter) add(data []byte, h elfHeader) {
	for uint64(len(w.out))%max(1, h.align) != 0 {
		w.out = append(w.out, 0)
	}
	h.offset, h.size = uint64(len(w.out)), uint64(len(data))
	w.out = append(w.out, data...)
	w.headers = append(w.headers, h)
}

// program writes the program header of segment i, whose contents come next.
func (w *elfWriter) program(i int, s *Segment) {
	b := w.out[ehdrSize+i*phdrSize:]
	flags := elf.ProgFlag(0)
	for perm, flag := range map[Perm]elf.ProgFlag{Read: elf.PF_R, Write: elf.PF_W, Exec: elf.PF_X} {
		if s.Perm&perm != 0 {
			flags |= flag
		}
	}
	le.PutUint32(b, uint32(elf.PT_LOAD))
	le.PutUint32(b[4:], uint32(flags))
	le.PutUint64(b[8:], uint64(len(w.out)))
	le.PutUint64(b[16:], s.Addr)
	le.PutUint64(b[24:], s.Addr)
	le.PutUint64(b[32:], uint64(len(s.Data)))
	le.PutUint64(b[40:], s.Size)
	le.PutUint64(b[48:], pageSize)
}

// segment writes a segment's contents as a section of that name; the first with code is .text, as debuggers expect.
func (w *elfWriter) segment(s *Segment) {
	h := elfHeader{kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, addr: s.Addr, align: 1}
	name := s.Name
	if s.Perm&Write != 0 {
		h.flags |= elf.SHF_WRITE
	}
	switch {
	case s.Perm&Exec != 0:
		h.flags |= elf.SHF_EXECINSTR
		if name = ".text"; w.code > 0 {
			name = fmt.Sprintf(".text.%d", w.code)
		}
		w.code++
	case name == "" || name == ".eh_frame": // whose entries are in .debug_frame
		name = fmt.Sprintf(".segment.%d", len(w.headers))
	}
	h.name = w.name(name)
	w.add(s.Data, h)
	if rest := s.Size - uint64(len(s.Data)); rest > 0 { // zeroes, which symbols may name
		h.name, h.kind = w.name(fmt.Sprintf(".bss.%d", len(w.headers))), elf.SHT_NOBITS
		h.addr, h.size, h.offset = s.Addr+uint64(len(s.Data)), rest, uint64(len(w.out))
		w.headers = append(w.headers, h)
	}
}

// symbols writes the symbol table.
func (w *elfWriter) symbols(im *Image) {
	table := make([]byte, symSize)
	for _, global := range []bool{false, true} {
		for s := range im.Symbols.All() {
			if s.Global == global {
				table = append(table, w.symbol(&s)...)
			}
		}
		if !global {
			// the place of the table's own, which needs to know how many are local
			w.headers = append(w.headers, elfHeader{})
			w.headers[len(w.headers)-1].info = uint32(len(table) / symSize)
		}
	}
	info := w.headers[len(w.headers)-1].info
	w.headers = w.headers[:len(w.headers)-1]
	link := uint32(len(w.headers) + 1)
	w.add(table, elfHeader{name: w.name(".symtab"), kind: elf.SHT_SYMTAB, link: link, info: info, align: 8,
		entsize: symSize})
}

// symbol makes an entry of the symbol table.
func (w *elfWriter) symbol(s *Symbol) []byte {
	b := make([]byte, symSize)
	kind, bind := elf.STT_NOTYPE, elf.STB_LOCAL
	switch s.Kind {
	case Func:
		kind = elf.STT_FUNC
	case Object:
		kind = elf.STT_OBJECT
	}
	if s.Global {
		bind = elf.STB_GLOBAL
	}
	index := uint16(elf.SHN_ABS)
	for i, h := range w.headers {
		if h.flags&elf.SHF_ALLOC != 0 && s.Addr-h.addr < max(1, h.size) {
			index = uint16(i)
		}
	}
	le.PutUint32(b, uint32(len(w.strings)))
	b[4] = elf.ST_INFO(bind, kind)
	le.PutUint16(b[6:], index)
	le.PutUint64(b[8:], s.Addr)
	le.PutUint64(b[16:], s.Size)
	w.strings = append(append(w.strings, s.Name...), 0)
	return b
}

// finish writes the section headers and the file's header.
func (w *elfWriter) finish(segments int, entry uint64) {
	for len(w.out)%8 != 0 {
		w.out = append(w.out, 0)
	}
	at := uint64(len(w.out))
	for _, h := range w.headers {
		b := make([]byte, shdrSize)
		le.PutUint32(b, h.name)
		le.PutUint32(b[4:], uint32(h.kind))
		le.PutUint64(b[8:], uint64(h.flags))
		le.PutUint64(b[16:], h.addr)
		le.PutUint64(b[24:], h.offset)
		le.PutUint64(b[32:], h.size)
		le.PutUint32(b[40:], h.link)
		le.PutUint32(b[44:], h.info)
		le.PutUint64(b[48:], h.align)
		le.PutUint64(b[56:], h.entsize)
		w.out = append(w.out, b...)
	}
	h := w.out
	copy(h, elfMagic)
	h[elf.EI_CLASS], h[elf.EI_DATA], h[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB),
		byte(elf.EV_CURRENT)
	le.PutUint16(h[ehType:], uint16(elf.ET_EXEC))
	le.PutUint16(h[ehMachine:], uint16(elf.EM_AARCH64))
	le.PutUint32(h[20:], uint32(elf.EV_CURRENT))
	le.PutUint64(h[ehEntry:], entry)
	le.PutUint64(h[ehPhoff:], ehdrSize)
	le.PutUint64(h[ehShoff:], at)
	le.PutUint16(h[52:], ehdrSize)
	le.PutUint16(h[ehPhentsize:], phdrSize)
	le.PutUint16(h[ehPhnum:], uint16(segments))
	le.PutUint16(h[ehShentsize:], shdrSize)
	le.PutUint16(h[ehShnum:], uint16(len(w.headers)))
	le.PutUint16(h[ehShstrndx:], uint16(len(w.headers)-1))
}
