// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
	"slices"

	"stacksweep/internal/arm64"
)

// Names under which files refer to what is made.
const (
	gotSymbol  = "_GLOBAL_OFFSET_TABLE_"
	tlsGetAddr = "__tls_get_addr"
	tlsdescFor = "tlsdesc" // no file refers to it by name
)

// Code that is made. The call of an IFUNC goes through its pointer, whose address is filled in.
var (
	pltEntry = [4]uint32{
		0x90000010, // adrp x16, pointer
		0xf9400211, // ldr  x17, [x16, #:lo12:pointer]
		0x91000210, // add  x16, x16, #:lo12:pointer
		0xd61f0220, // br   x17
	}
	descCode = [4]uint32{0xf9400400, arm64.RET, arm64.NOP, arm64.NOP} // ldr x0, [x0, #8]; ret
	// mrs x1, tpidr_el0; ldr x0, [x0, #8]; add x0, x1, x0; ret
	getAddrCode = [4]uint32{0xd53bd041, 0xf9400400, 0x8b000020, arm64.RET}
)

const madeCodeSize = 16 // bytes of each of these

// make makes what the object needs to run, on the pages after its own: the table with the common symbols, then code.
func (l *linker) make() error {
	if l.static {
		return nil
	}
	m := &l.made
	*m = made{entries: map[gotKey]uint64{}, plt: map[uint32]uint64{}, commons: map[string]uint64{},
		names: map[string]uint64{},
		tls:   map[elf.SectionIndex]uint64{}, foreign: map[string]uint64{}}
	helpers := map[string]bool{}
	if err := l.eachRelocation(func(section uint32, r rela, _ uint64) error {
		l.plan(section, r, helpers)
		return nil
	}); err != nil {
		return err
	}
	common := m.size
	var total uint64
	for i := range l.syms {
		if s := &l.syms[i]; s.index == elf.SHN_COMMON && s.kind != elf.STT_TLS {
			if s.size > MaxSize || s.value > pageSize || total > MaxSize {
				return l.ef.errorf(s.at, "common symbol %q: 0x%x bytes aligned to 0x%x", s.name, s.size, s.value)
			}
			total += s.size
			common = alignUp(common, max(1, s.value))
			m.commons[s.name] = common // for now, an offset
			common += s.size
		}
	}
	l.makeTLS()
	end := l.im.Segments[len(l.im.Segments)-1].End()
	if common > 0 || slices.ContainsFunc(l.syms, func(s elfSymbol) bool {
		return s.name == gotSymbol && s.index == elf.SHN_UNDEF
	}) {
		m.got = alignUp(end, pageSize)
		m.names[gotSymbol] = m.got
		m.data = make([]byte, m.size)
		size := max(common, 8)
		l.im.Segments = append(l.im.Segments, Segment{Addr: m.got, Data: m.data, Size: size, Perm: Read | Write})
		end = m.got + size
	}
	for name := range m.commons {
		m.commons[name] += m.got
	}
	if code := l.makeCode(alignUp(end, pageSize), helpers); len(code) > 0 {
		l.im.Segments = append(l.im.Segments, Segment{Addr: alignUp(end, pageSize), Data: code, Size: uint64(len(code)),
			Perm: Read | Exec})
	}
	return l.fill()
}

// plan takes note of what a relocation needs.
func (l *linker) plan(section uint32, r rela, helpers map[string]bool) {
	m := &l.made
	if int(r.symbol) >= len(l.syms) || isTable(&l.ef.sections[section]) {
		return
	}
	sym := &l.syms[r.symbol]
	if sym.kind == elf.STT_GNU_IFUNC && sym.index != elf.SHN_UNDEF && !slices.Contains(m.order, r.symbol) {
		m.order = append(m.order, r.symbol)
		m.need(gotKey{entry: gotAddress, symbol: r.symbol})
	}
	if sym.name == tlsGetAddr && sym.index == elf.SHN_UNDEF {
		helpers[tlsGetAddr] = true
	}
	use, ok := uses[r.kind]
	if !ok {
		return
	}
	if use.entry == gotDescriptor {
		helpers[tlsdescFor] = true
	}
	m.need(keyOf(use.entry, &r))
}

// keyOf is the entry that a relocation refers to.
func keyOf(e gotEntry, r *rela) gotKey {
	if e == gotModuleBase {
		return gotKey{entry: e}
	}
	return gotKey{e, r.symbol, r.addend}
}

// need makes room for an entry of the table.
func (m *made) need(k gotKey) {
	if _, ok := m.entries[k]; !ok && k.entry.words() > 0 {
		m.entries[k] = m.size
		m.size += 8 * k.entry.words()
	}
}

// makeTLS gathers the thread-local sections, those with contents first, and makes room for variables of other files.
func (l *linker) makeTLS() {
	var data []byte
	var size, align uint64
	for _, bits := range []bool{true, false} {
		for i := range l.ef.sections {
			s := &l.ef.sections[i]
			if s.flags&elf.SHF_TLS == 0 || !s.loaded() || (s.kind != elf.SHT_NOBITS) != bits {
				continue
			}
			size, align = alignUp(size, s.align), max(align, s.align)
			l.made.tls[elf.SectionIndex(i)] = size
			if bits {
				data = append(append(data, make([]byte, size-uint64(len(data)))...), s.data...)
			}
			size += s.size
		}
	}
	const room = 64 // bytes for a variable of unknown size
	for i := range l.syms {
		s := &l.syms[i]
		if s.kind != elf.STT_TLS || s.index != elf.SHN_UNDEF && s.index != elf.SHN_COMMON {
			continue
		}
		if _, ok := l.made.foreign[s.name]; !ok {
			size = alignUp(size, 16)
			l.made.foreign[s.name] = size
			size += max(room, min(s.size, pageSize))
		}
	}
	if size > 0 && size <= MaxSize {
		l.im.TLS = newTLS(bytes.Clone(data), size, align)
	}
}

// makeCode makes the entries of IFUNCs and the helpers, to lie at an address.
func (l *linker) makeCode(addr uint64, helpers map[string]bool) (code []byte) {
	m := &l.made
	add := func(name string, words [4]uint32) uint64 {
		at := addr + uint64(len(code))
		for _, w := range words {
			code = le.AppendUint32(code, w)
		}
		m.symbols = append(m.symbols, Symbol{Name: name, Addr: at, Size: madeCodeSize, Kind: Func})
		return at
	}
	for _, i := range m.order {
		at := add(l.syms[i].name+"@plt", pltEntry)
		place, pointer := code[len(code)-madeCodeSize:], m.got+m.entries[gotKey{entry: gotAddress, symbol: i}]
		relocate(place, elf.R_AARCH64_ADR_PREL_PG_HI21, pointer, at)
		relocate(place[4:], elf.R_AARCH64_LDST64_ABS_LO12_NC, pointer, at+4)
		relocate(place[8:], elf.R_AARCH64_ADD_ABS_LO12_NC, pointer, at+8)
		m.plt[i] = at
	}
	if helpers[tlsdescFor] {
		m.names[tlsdescFor] = add(tlsdescFor, descCode)
	}
	if helpers[tlsGetAddr] {
		m.names[tlsGetAddr] = add(tlsGetAddr, getAddrCode)
	}
	return code
}

// madeSymbols name what was made.
func (l *linker) madeSymbols() []Symbol { return l.made.symbols }

// fill fills in the table.
func (l *linker) fill() error {
	m := &l.made
	for k, at := range m.entries {
		if int(k.symbol) >= len(l.syms) {
			continue // apply says so
		}
		sym := l.syms[k.symbol]
		word := m.data[at:]
		if k.entry == gotAddress {
			if sym.kind == elf.STT_GNU_IFUNC && sym.index != elf.SHN_UNDEF {
				l.im.IFuncs = append(l.im.IFuncs,
					IFunc{Slot: m.got + at, Resolver: l.ef.sections[sym.index].addr + sym.value})
				continue
			}
			if sym.name == gotSymbol && sym.index == elf.SHN_UNDEF {
				le.PutUint64(word, m.got+k.addend)
				continue
			}
			value, _, err := l.value(sym, &elfSection{})
			if err != nil {
				continue // apply says so
			}
			le.PutUint64(word, value+k.addend)
			continue
		}
		offset, err := l.tpOffset(&sym, k)
		if err != nil {
			continue // apply says so
		}
		switch k.entry {
		case gotTPOffset:
			le.PutUint64(word, offset)
		case gotModule, gotModuleBase:
			le.PutUint64(word, 1)
			le.PutUint64(word[8:], offset)
		case gotDescriptor:
			le.PutUint64(word, m.names[tlsdescFor])
			le.PutUint64(word[8:], offset)
		}
	}
	slices.SortFunc(l.im.IFuncs, func(a, b IFunc) int { return int(int64(a.Slot - b.Slot)) })
	return nil
}

// tpOffset is the offset of a thread-local symbol from TPIDR_EL0.
func (l *linker) tpOffset(s *elfSymbol, k gotKey) (uint64, error) {
	if l.im.TLS == nil {
		return 0, relocError("the file has no thread-local variables")
	}
	if k.entry == gotModuleBase {
		return l.im.TLS.Offset, nil
	}
	in, ok := l.made.tls[s.index]
	switch {
	case ok:
		in += s.value
	case s.kind != elf.STT_TLS:
		return 0, relocError("not a thread-local symbol")
	default:
		in = l.made.foreign[s.name]
	}
	return l.im.TLS.Offset + in + k.addend, nil
}

// relocateMade changes the bytes at place, which has address p, to refer to what is made for a relocation.
func (l *linker) relocateMade(place []byte, u use, r rela, p uint64) error {
	if l.static {
		return relocError("it needs what only a linker makes")
	}
	sym, key := l.syms[r.symbol], keyOf(u.entry, &r)
	var x uint64
	switch {
	case u.entry == tlsOffset || u.entry == tlsInModule:
		offset, err := l.tpOffset(&sym, key)
		if err != nil {
			return err
		}
		if x = offset; u.entry == tlsInModule {
			x -= l.im.TLS.Offset
		}
	default:
		x = l.made.got + l.made.entries[key]
	}
	if sym.kind == elf.STT_TLS && sym.index == elf.SHN_UNDEF && l.resolve != nil {
		l.resolve(sym.name) // marks it as undefined
	}
	if u.entry == gotAddress {
		if _, _, err := l.value(sym, &elfSection{}); err != nil {
			return err
		}
	} else if _, err := l.tpOffset(&sym, key); err != nil {
		return err
	}
	return u.as(place, x, p, l.made.got)
}
