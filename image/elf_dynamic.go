// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"debug/elf"
)

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
