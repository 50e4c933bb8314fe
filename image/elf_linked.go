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
