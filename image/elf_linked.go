// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
)

// linked makes the image of an executable or a shared object: its PT_LOAD segments where the linker put them, moved
// by the base.
func (ef *elfFile) linked(o options) (*Image, error) {
	im := &Image{Name: ef.name, Kind: Executable}
	if ef.kind == elf.ET_DYN {
		im.Kind = SharedObject
	}
	if ef.codeless() {
		return nil, ef.errorf(ehType, "%v: it is the debug information of another file", ErrNoCode)
	}
	if o.base != nil {
		if im.Kind == Executable {
			return nil, ef.errorf(ehType, "an executable (ET_EXEC) can't be moved to another base")
		}
		im.Base = *o.base
	}
	if ef.entry != 0 {
		im.Entry = im.Base + ef.entry
	}
	if err := ef.segments(im); err != nil {
		return nil, err
	}
	if err := ef.relocateLinked(im, o); err != nil {
		return nil, err
	}
	if err := ef.linkedSections(im); err != nil {
		return nil, err
	}
	ef.linkedTLS(im)
	table, err := ef.symbolTable()
	if err != nil && !o.static && o.debug == nil {
		return nil, err
	}
	address := func(s elfSymbol) uint64 { return im.Base + s.value }
	if o.debug != nil {
		return im, ef.addDebug(im, o, address)
	}
	return im, ef.addSymbols(im, table, address, o)
}

// linkedTLS remembers the thread-local storage.
func (ef *elfFile) linkedTLS(im *Image) {
	for _, p := range ef.programs {
		if p.kind != elf.PT_TLS || p.memsz == 0 || p.memsz > MaxSize || p.filesz > p.memsz {
			continue
		}
		if data, ok := im.Bytes(im.Base+p.vaddr, p.filesz); ok {
			im.TLS = newTLS(bytes.Clone(data), p.memsz, p.align)
		}
	}
}

// segments loads the PT_LOAD segments.
func (ef *elfFile) segments(im *Image) error {
	header := map[uint64]uint64{} // by address, for blame
	stored := uint64(0)
	for _, p := range ef.programs {
		if p.kind != elf.PT_LOAD || p.memsz == 0 {
			continue
		}
		if p.filesz > p.memsz {
			return ef.errorf(p.at, "the segment at 0x%x has more bytes in the file (0x%x) than in memory (0x%x)",
				p.vaddr, p.filesz, p.memsz)
		}
		data, err := ef.within(p.offset, p.filesz, p.at, "a segment")
		if err != nil {
			return err
		}
		if stored += p.filesz; stored > uint64(len(ef.data)) {
			return ef.errorf(p.at, "the segments hold more bytes than the file: they share some")
		}
		s := Segment{Addr: im.Base + p.vaddr, Data: bytes.Clone(data), Size: p.memsz, Offset: p.offset}
		for flag, perm := range map[elf.ProgFlag]Perm{elf.PF_R: Read, elf.PF_W: Write, elf.PF_X: Exec} {
			if p.flags&flag != 0 {
				s.Perm |= perm
			}
		}
		im.Segments = append(im.Segments, s)
		header[s.Addr] = p.at
	}
	if len(im.Segments) == 0 {
		return ef.errorf(ehPhoff, "no segment to load")
	}
	return ef.arrange(im.Segments, func(s Segment) uint64 { return header[s.Addr] })
}

// linkedSections remembers the sections, with the relocated contents of those that are loaded.
func (ef *elfFile) linkedSections(im *Image) error {
	for i := range ef.sections {
		s := &ef.sections[i]
		var addr uint64
		var data []byte
		var err error
		if s.loaded() {
			addr = im.Base + s.addr
			data, err = ef.loadedSection(im, s, addr)
		} else {
			data, err = ef.unloaded(s)
		}
		if err != nil {
			return err
		}
		if data != nil {
			im.sections = append(im.sections, section{s.name, addr, data, s.isCode()})
		}
	}
	return nil
}

// loadedSection returns the contents of a loaded section as they are in its segment, which must agree with the section
// header about where in the file they are from.
func (ef *elfFile) loadedSection(im *Image, s *elfSection, addr uint64) ([]byte, error) {
	seg, ok := find(im.Segments, addr)
	if !ok || s.data == nil {
		return s.data, nil
	}
	off := addr - seg.Addr
	if seg.Offset+off != s.offset {
		return nil,
			ef.errorf(s.at, "section %s: address 0x%x is loaded from file offset 0x%x, not from 0x%x as the "+
				"section says", s.name, addr, seg.Offset+off, s.offset)
	}
	if off > uint64(len(seg.Data)) || s.size > uint64(len(seg.Data))-off {
		return nil, ef.errorf(s.at, "section %s: its 0x%x bytes at 0x%x reach beyond what is loaded", s.name,
			s.size, addr)
	}
	return seg.Data[off : off+s.size : off+s.size], nil
}

// relocateLinked applies the dynamic relocations whose value the file alone, its base and the caller's Resolve give:
// those against the base (RELA and RELR), those against a symbol and, without Static, offsets of thread-local
// variables. Indirect ones are left to whoever runs the code, see IFuncs. Copies need a running program, and symbols
// that nothing defines have no value: such places keep what the file has there.
//
// A kernel linked without --apply-dynamic-relocs holds 0 where pointers belong, so this matters at base 0 too.
func (ef *elfFile) relocateLinked(im *Image, o options) error {
	for i := range ef.sections {
		s := &ef.sections[i]
		var err error
		switch {
		case !s.loaded():
		case s.kind == elf.SHT_RELA:
			err = ef.dynamicRela(im, s, o)
		case s.kind == shtRELR:
			err = ef.dynamicRelr(im, s)
		case s.kind == elf.SHT_REL:
			err = ef.errorf(s.at, "section %s: relocations without addends, which AArch64 doesn't use", s.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const shtRELR = elf.SectionType(19) // SHT_RELR: the generic ABI, "Relative Relocation Table"

func (ef *elfFile) dynamicRela(im *Image, table *elfSection, o options) error {
	if table.size%relaSize != 0 {
		return ef.errorf(table.at, "section %s: 0x%x bytes are not a whole number of relocations", table.name,
			table.size)
	}
	var syms []elfSymbol
	if table.link != 0 {
		if uint64(table.link) >= uint64(len(ef.sections)) {
			return ef.errorf(table.at, "section %s: its symbol table, section %d, doesn't exist", table.name,
				table.link)
		}
		var err error
		if syms, err = ef.symbols(table.link); err != nil {
			return err
		}
	}
	for off := uint64(0); off < uint64(len(table.data)); off += relaSize {
		r := readRela(table.data[off:])
		at := table.offset + off
		var value uint64
		switch r.kind {
		case elf.R_AARCH64_RELATIVE:
			value = im.Base + r.addend
		case elf.R_AARCH64_IRELATIVE:
			im.IFuncs = append(im.IFuncs, IFunc{Slot: im.Base + r.offset, Resolver: im.Base + r.addend})
			continue
		case elf.R_AARCH64_TLS_TPREL64:
			var ok bool
			if value, ok = ef.tpOffset(syms, r); !ok || o.static {
				continue
			}
		case elf.R_AARCH64_ABS64, elf.R_AARCH64_GLOB_DAT, elf.R_AARCH64_JUMP_SLOT:
			if int(r.symbol) >= len(syms) {
				return ef.errorf(at, "%v refers to symbol %d of %d", r.kind, r.symbol, len(syms))
			}
			if s := &syms[r.symbol]; s.kind == elf.STT_GNU_IFUNC && s.index != elf.SHN_UNDEF {
				im.IFuncs = append(im.IFuncs, IFunc{Slot: im.Base + r.offset, Resolver: im.Base + s.value})
				continue
			}
			target, ok := dynamicTarget(im, syms[r.symbol], o)
			if !ok {
				continue
			}
			value = target + r.addend
		default:
			continue
		}
		place := im.loaded(im.Base+r.offset, 8)
		if place == nil {
			return ef.errorf(at, "%v is for address 0x%x, where nothing is loaded", r.kind, im.Base+r.offset)
		}
		le.PutUint64(place, value)
	}
	return nil
}

// tpOffset is the offset from TPIDR_EL0 that a relocation asks for: of a thread-local variable of the file.
func (ef *elfFile) tpOffset(syms []elfSymbol, r rela) (uint64, bool) {
	value := r.addend
	if r.symbol != 0 {
		if int(r.symbol) >= len(syms) || syms[r.symbol].index == elf.SHN_UNDEF {
			return 0, false
		}
		value += syms[r.symbol].value
	}
	for _, p := range ef.programs {
		if p.kind == elf.PT_TLS {
			return newTLS(nil, p.memsz, p.align).Offset + value, true
		}
	}
	return 0, false
}

// dynamicTarget is the address of the symbol that a dynamic relocation refers to.
func dynamicTarget(im *Image, s elfSymbol, o options) (uint64, bool) {
	switch {
	case s.kind == elf.STT_TLS:
		return 0, false
	case s.index == elf.SHN_UNDEF:
		if o.resolve == nil || s.name == "" {
			return 0, false
		}
		return o.resolve(s.name)
	case s.index == elf.SHN_ABS:
		return s.value, true
	}
	return im.Base + s.value, true
}

// dynamicRelr adds the base to the pointers that a RELR table lists.
func (ef *elfFile) dynamicRelr(im *Image, table *elfSection) error {
	if table.size%relrSize != 0 {
		return ef.errorf(table.at, "section %s: 0x%x bytes are not a whole number of words", table.name, table.size)
	}
	bad := uint64(0)
	ok := eachRelr(table.data, func(word int, addr uint64) bool {
		place := im.loaded(im.Base+addr, 8)
		if place == nil {
			bad = uint64(word)
			return false
		}
		le.PutUint64(place, im.Base+le.Uint64(place))
		return true
	})
	if !ok {
		return ef.errorf(table.offset+bad*relrSize, "section %s: word %d is for an address where nothing is loaded",
			table.name, bad)
	}
	return nil
}

// eachRelr calls fix with the address of each pointer that a RELR table lists, and the index of the word that lists
// it, until fix returns false. It reports whether fix never did and the table is well-formed.
//
// An even word is the address of a pointer; an odd word is a bitmap, without its lowest bit, of the 63 words that
// follow the last address or bitmap. Generic ABI, "Relative Relocation Table".
func eachRelr(table []byte, fix func(word int, addr uint64) bool) bool {
	next := uint64(0)
	for i := range len(table) / relrSize {
		w := le.Uint64(table[i*relrSize:])
		if w&1 == 0 {
			if !fix(i, w) {
				return false
			}
			next = w + 8
			continue
		}
		if i == 0 {
			return false
		}
		for bit := range 63 {
			if w>>(bit+1)&1 == 1 && !fix(i, next+uint64(bit)*8) {
				return false
			}
		}
		next += 63 * 8
	}
	return true
}

// loaded returns the n bytes at addr that came from the file, to be changed in place, or nil.
func (im *Image) loaded(addr, n uint64) []byte {
	s, ok := find(im.Segments, addr)
	if !ok {
		return nil
	}
	off, stored := addr-s.Addr, uint64(len(s.Data))
	if off > stored || n > stored-off {
		return nil
	}
	return s.Data[off : off+n]
}
