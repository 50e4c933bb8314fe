// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "strings"

// An entry is a CIE or an FDE, found but not yet parsed. Positions are section offsets.
type entry struct {
	offset     uint64 // of the length field
	isCIE      bool
	cie        uint64 // an FDE's CIE
	begin, end int    // what follows the CIE's id or the FDE's CIE pointer
}

// entries finds the entries of a section.
//
// Both kinds of section begin an entry with its length: 4 bytes, or 0xffffffff and 8 bytes (64-bit DWARF). What
// follows tells the two kinds of entry apart:
//
//	               a CIE                 an FDE
//	.debug_frame   all bits set          the offset of its CIE in the section
//	.eh_frame      0                     how far its CIE is before this field
//
// The field has the size of an offset in .debug_frame (4 or 8 bytes), always 4 bytes in .eh_frame: so say the Linux
// Standard Base and LLVM, while readelf takes 8 bytes in the 64-bit form, which no compiler emits there. An entry of
// length 0 ends .eh_frame; a linker that joins sections may leave such an end in the middle, so it is stepped over.
func (s *section) entries() ([]entry, error) {
	var list []entry
	r := reader{sec: s, end: len(s.data)}
	for !r.done() {
		e := entry{offset: uint64(r.off)}
		length, wide := uint64(r.u32("length of an entry")), false
		if length == 0xffffffff {
			length, wide = r.u64("length of an entry"), true
		} else if length >= 0xfffffff0 {
			r.fail(int(e.offset), unsupported("length %#x of an entry is reserved", length))
		}
		if r.err == nil && length == 0 {
			continue
		}
		body := r.off
		r.bytes(length, "entry")
		if r.err != nil {
			return nil, r.err
		}
		e.end = r.off
		field := reader{sec: s, off: body, end: e.end}
		var err error
		if s.kind == EHFrame {
			err = e.readEHFrameID(&field)
		} else {
			e.readDebugFrameID(&field, wide)
		}
		if field.err != nil {
			return nil, field.err
		}
		if err != nil {
			return nil, &Error{Kind: s.kind, Offset: uint64(body), Err: err}
		}
		e.begin = field.off
		list = append(list, e)
	}
	return list, r.err
}

func (e *entry) readEHFrameID(r *reader) error {
	at := uint64(r.off)
	id := uint64(r.u32("CIE pointer"))
	e.isCIE = id == 0
	if id > at {
		return malformed("CIE pointer %#x leads before the start of the section", id)
	}
	e.cie = at - id
	return nil
}

func (e *entry) readDebugFrameID(r *reader, wide bool) {
	if wide {
		e.cie = r.u64("CIE pointer")
		e.isCIE = e.cie == 0xffffffffffffffff
		return
	}
	e.cie = uint64(r.u32("CIE pointer"))
	e.isCIE = e.cie == 0xffffffff
}

// parseCIE reads the fields of a CIE (DWARF 5, section 6.4.1; Linux Standard Base Core, section 10.6.1.1.1).
func (s *section) parseCIE(e entry) (*CIE, error) {
	r := reader{sec: s, off: e.begin, end: e.end}
	c := &CIE{Offset: e.offset, enc: peAbsptr, end: e.end}
	at := r.off
	c.Version = r.u8("CIE version")
	switch c.Version {
	case 1, 3, 4:
	default:
		r.fail(at, unsupported("CIE version %d", c.Version))
	}
	augmentation := r.off
	c.Augmentation = r.cstring("augmentation string")
	if c.Augmentation == "eh" {
		r.u64("eh data") // gcc 2 put the address of an exception table here
	}
	if c.Version == 4 {
		at = r.off
		if size := r.u8("address size"); size != 8 {
			r.fail(at, unsupported("address size %d", size))
		}
		at = r.off
		if size := r.u8("segment selector size"); size != 0 {
			r.fail(at, unsupported("segment selectors of size %d", size))
		}
	}
	c.CodeAlign = r.uleb("code alignment factor")
	c.DataAlign = r.sleb("data alignment factor")
	if c.Version == 1 {
		c.ReturnRegister = Register(r.u8("return address register"))
		if c.ReturnRegister > maxRegister {
			r.fail(r.off-1, unknownRegister(uint64(c.ReturnRegister)))
		}
	} else {
		c.ReturnRegister = r.register("return address register")
	}
	s.parseAugmentation(&r, c, augmentation)
	if r.err != nil {
		return nil, r.err
	}
	c.begin = r.off
	return c, nil
}

// parseAugmentation reads the augmentation data of a CIE, which the letters of the augmentation string explain. The
// string itself is at offset at. Without a 'z' at its start, which says how long the data is, there is no data.
func (s *section) parseAugmentation(r *reader, c *CIE, at int) {
	if c.Augmentation == "eh" {
		return
	}
	letters, sized := strings.CutPrefix(c.Augmentation, "z")
	data := reader{sec: s, off: r.off, end: r.off}
	if sized {
		c.sized = true
		length := r.uleb("length of the augmentation data")
		data.off = r.off
		r.bytes(length, "augmentation data")
		data.end = r.off
	}
	for _, letter := range letters {
		switch {
		case letter == 'S':
			c.SignalFrame = true
		case letter == 'B':
			c.BKey = true
		case letter == 'G':
			c.MTETagged = true
		case letter == 'R' && sized:
			c.enc = pointerEncoding(data.u8("encoding of addresses"))
		case letter == 'L' && sized:
			c.lsdaEnc = pointerEncoding(data.u8("encoding of language-specific data"))
		case letter == 'P' && sized: // the personality routine: likewise
			enc := pointerEncoding(data.u8("encoding of the personality routine"))
			data.skipPointer(enc, "personality routine")
		default:
			r.fail(at, unsupported("letter %q of augmentation %q", letter, c.Augmentation))
		}
	}
	if r.err == nil {
		r.err = data.err
	}
}

// parseFDE reads the fields of an FDE.
func (s *section) parseFDE(e entry, cies map[uint64]*CIE) (*FDE, error) {
	cie := cies[e.cie]
	if cie == nil {
		err := malformed("FDE's CIE pointer leads to %#x, where no CIE is", e.cie)
		return nil, &Error{Kind: s.kind, Offset: e.offset, Err: err}
	}
	r := reader{sec: s, off: e.begin, end: e.end}
	f := &FDE{Offset: e.offset, CIE: cie, sec: s, end: e.end}
	f.Start = r.pointer(cie.enc, "start address")
	at := r.off
	size := r.pointerSize(cie.enc, "size of the function")
	if f.Start+size < f.Start {
		r.fail(at, malformed("function at %#x of size %#x doesn't end within the address space", f.Start, size))
	}
	f.End = f.Start + size
	if cie.sized {
		n := r.uleb("length of the augmentation data")
		data := reader{sec: s, off: r.off, end: r.off}
		r.bytes(n, "augmentation data")
		data.end = r.off
		if strings.ContainsRune(cie.Augmentation, 'L') {
			f.LSDA = data.lsda(cie.lsdaEnc)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	f.begin = r.off
	return f, nil
}
