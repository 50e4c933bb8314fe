// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
	"errors"

	"stacksweep/internal/arm64"
)

const (
	pageSize = 0x1000 // the unit in which memory has permissions

	// ObjectBase is where a relocatable object starts if the caller doesn't say: low, but not where a null pointer
	// with a small offset would find something.
	ObjectBase = 0x10000
)

// object makes the image of a relocatable object: the loaded sections in three groups, code, constants, variables,
// each on pages of its own, in the order of the file and aligned as they ask; then the relocations.
func (ef *elfFile) object(o options) (*Image, error) {
	im := &Image{Name: ef.name, Kind: Relocatable, Base: ObjectBase}
	if o.base != nil {
		im.Base = *o.base
	}
	table, err := ef.symbolTable()
	if err != nil && !o.static {
		return nil, err
	}
	l := &linker{ef: ef, im: im, table: table, resolve: o.resolve, static: o.static,
		contents: make([][]byte, len(ef.sections))}
	if err == nil {
		if l.syms, err = ef.symbols(table); err != nil {
			return nil, err
		}
	}
	for _, step := range []func() error{l.layout, l.unloaded, l.make, l.relocateAll} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for i, data := range l.contents {
		if data != nil {
			im.sections = append(im.sections,
				section{ef.sections[i].name, ef.sections[i].addr, data, ef.sections[i].isCode()})
		}
	}
	address := func(s elfSymbol) uint64 { return ef.sections[s.index].addr + s.value }
	return im, ef.addSymbols(im, table, address, o, l.madeSymbols()...)
}

// linker links one object against itself.
type linker struct {
	ef       *elfFile
	im       *Image
	table    uint32 // section of the symbol table
	syms     []elfSymbol
	resolve  func(string) (uint64, bool)
	static   bool     // nothing will be executed: see Static
	contents [][]byte // of each section that has some, to be relocated in place
	made     made     // what the file needs besides its sections to be executed
}

// permissions of a loaded section.
func permissions(s *elfSection) Perm {
	p := Read
	if s.flags&elf.SHF_WRITE != 0 {
		p |= Write
	}
	if s.flags&elf.SHF_EXECINSTR != 0 {
		p |= Exec
	}
	return p
}

// group is the place of a section's permissions in the layout.
func group(s *elfSection) int {
	switch p := permissions(s); {
	case p&Exec != 0:
		return 0
	case p&Write == 0:
		return 1
	}
	return 2
}

// layout gives each loaded section its address, in place of that of the file (0 in an object), and makes the segments.
func (l *linker) layout() error {
	ef, next := l.ef, l.im.Base
	header := map[uint64]uint64{} // by address, for blame
	for g := range 3 {
		next = alignUp(next, pageSize)
		for i := range ef.sections {
			s := &ef.sections[i]
			if !s.loaded() || group(s) != g {
				continue
			}
			if s.flags&elf.SHF_COMPRESSED != 0 {
				return ef.errorf(s.at, "section %s: loaded, so it must not be compressed", s.name)
			}
			start := alignUp(next, s.align)
			if start < l.im.Base || start-l.im.Base > MaxSize || s.size > MaxSize {
				return ef.errorf(s.at, "section %s: 0x%x bytes aligned to 0x%x don't fit in 0x%x bytes from base 0x%x",
					s.name, s.size, s.align, uint64(MaxSize), l.im.Base)
			}
			s.addr, next = start, start+s.size
			l.contents[i] = bytes.Clone(s.data)
			if s.size == 0 {
				continue
			}
			l.im.Segments = append(l.im.Segments, Segment{
				Name: s.name, Addr: s.addr, Data: l.contents[i], Size: s.size, Perm: permissions(s), Offset: s.offset,
			})
			header[s.addr] = s.at
		}
	}
	if len(l.im.Segments) == 0 {
		return ef.errorf(ehShoff, "%v", ErrEmpty)
	}
	return ef.arrange(l.im.Segments, func(s Segment) uint64 { return header[s.Addr] })
}

// unloaded gets the contents of the sections that aren't loaded, and gives them the address 0.
func (l *linker) unloaded() error {
	for i := range l.ef.sections {
		s := &l.ef.sections[i]
		if s.loaded() {
			continue
		}
		data, err := l.ef.unloaded(s)
		if err != nil {
			return err
		}
		if l.relocated(s) {
			data = bytes.Clone(data)
		}
		s.addr, l.contents[i] = 0, data
	}
	return nil
}

// relocated reports whether the relocations for a section are applied: of what isn't loaded, only the unwind
// information is looked at.
func (l *linker) relocated(s *elfSection) bool { return s.loaded() || s.name == debugFrame }

// alignUp rounds x up to a multiple of the power of two a; the result is 0 when that is beyond the last address.
func alignUp(x, a uint64) uint64 { return (x + a - 1) &^ (a - 1) }

// relocateAll applies the relocations.
func (l *linker) relocateAll() error {
	return l.eachRelocation(func(section uint32, r rela, at uint64) error {
		err := l.apply(section, r, at)
		if err == nil || !l.static || !errors.Is(err, ErrReloc) && !errors.Is(err, ErrUndefined) ||
			isTable(&l.ef.sections[section]) {
			return err
		}
		l.im.Unrelocated.add(typeName(r.kind), l.ef.sections[section].name, r.offset)
		return nil
	})
}

// eachRelocation calls visit for each relocation of the sections that are relocated, with its place in the file, up to
// the first error.
func (l *linker) eachRelocation(visit func(section uint32, r rela, at uint64) error) error {
	ef := l.ef
	for i := range ef.sections {
		table := &ef.sections[i]
		if table.kind != elf.SHT_RELA && table.kind != elf.SHT_REL {
			continue
		}
		if uint64(table.info) >= uint64(len(ef.sections)) {
			return ef.errorf(table.at, "section %s: the section it relocates, %d, doesn't exist", table.name,
				table.info)
		}
		if !l.relocated(&ef.sections[table.info]) {
			continue
		}
		switch {
		case table.kind == elf.SHT_REL:
			return ef.errorf(table.at, "section %s: relocations without addends, which AArch64 doesn't use", table.name)
		case table.link != l.table:
			return ef.errorf(table.at, "section %s: its symbols are in section %d, not in the symbol table, section %d",
				table.name, table.link, l.table)
		case table.size%relaSize != 0:
			return ef.errorf(table.at, "section %s: 0x%x bytes are not a whole number of relocations", table.name,
				table.size)
		}
		for off := uint64(0); off < table.size; off += relaSize {
			if err := visit(table.info, readRela(table.data[off:]), table.offset+off); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply applies one relocation to section i; at is its place in the file.
func (l *linker) apply(i uint32, r rela, at uint64) error {
	ef, target, contents := l.ef, &l.ef.sections[i], l.contents[i]
	if r.kind == elf.R_AARCH64_NONE || r.kind == elf.R_AARCH64_NULL {
		return nil
	}
	if int(r.symbol) >= len(l.syms) {
		return ef.errorf(at, "%s at %s+0x%x refers to symbol %d of %d", typeName(r.kind), target.name, r.offset,
			r.symbol, len(l.syms))
	}
	sym := l.syms[r.symbol]
	blame := func(reason error) error {
		return ef.errorf(at, "%s at %s+0x%x, symbol %q: %v", typeName(r.kind), target.name, r.offset,
			ef.symbolName(&sym), reason)
	}
	if r.offset > uint64(len(contents)) {
		return blame(relocError("the section has no contents there"))
	}
	place, p := contents[r.offset:], target.addr+r.offset
	if use, ok := uses[r.kind]; ok {
		if err := l.relocateMade(place, use, r, p); err != nil {
			return blame(err)
		}
		return nil
	}
	value, missing, err := l.value(sym, target)
	if err != nil {
		return blame(err)
	}
	if missing && (r.kind == elf.R_AARCH64_CALL26 || r.kind == elf.R_AARCH64_JUMP26) && len(place) >= 4 {
		le.PutUint32(place, arm64.NOP) // aaelf64: it goes on with the next instruction
		return nil
	}
	if entry, ok := l.made.plt[r.symbol]; ok && !isTable(target) {
		value = entry
	}
	if r.kind == elf.R_AARCH64_PREL32 && startsAtSection(contents) {
		p = target.addr
	}
	if err := relocate(place, r.kind, value+r.addend, p); err != nil {
		return blame(err)
	}
	return nil
}

// symbolName is the name of a symbol, of a section's symbol the section's.
func (ef *elfFile) symbolName(s *elfSymbol) string {
	if s.kind == elf.STT_SECTION && s.index < elf.SHN_LORESERVE {
		return ef.sections[s.index].name
	}
	return s.name
}

// value is the address of a symbol in a section; missing says that it is weak and not defined, so
// that it is 0.
func (l *linker) value(s elfSymbol, in *elfSection) (addr uint64, missing bool, err error) {
	switch {
	case s.index == elf.SHN_ABS:
		return s.value, false, nil
	case s.kind == elf.STT_TLS:
		return 0, false, relocError("a thread-local symbol has no address")
	case s.index == elf.SHN_COMMON:
		if addr, ok := l.made.commons[s.name]; ok {
			return addr, false, nil
		}
		return 0, false, relocError("a common symbol has no place before it is linked")
	case s.index >= elf.SHN_LORESERVE:
		return 0, false, relocError("reserved section index")
	case s.index != elf.SHN_UNDEF:
		home := &l.ef.sections[s.index]
		if in.loaded() && !home.loaded() {
			return 0, false, relocError("in section " + home.name + ", which isn't loaded")
		}
		return home.addr + s.value, false, nil
	case s.name == "":
		return 0, false, nil // symbol 0: the addend alone
	}
	if addr, ok := l.made.names[s.name]; ok {
		return addr, false, nil
	}
	if l.resolve != nil {
		if addr, ok := l.resolve(s.name); ok {
			return addr, false, nil
		}
	}
	if s.bind == elf.STB_WEAK {
		return 0, true, nil
	}
	return 0, false, ErrUndefined
}
