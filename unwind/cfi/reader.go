// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A reader takes values from a part of a section. Once something is wrong it stays wrong: every later value is zero
// and err tells of the first failure, so that callers may read a group of fields and check once.
type reader struct {
	sec *section
	off int // of the next byte, from the start of the section
	end int // of the part: the reader never leaves it
	err error
}

// A section is what the bytes of a section mean by themselves.
type section struct {
	data     []byte
	addr     uint64 // of the first byte
	kind     Kind
	order    binary.ByteOrder
	textBase uint64 // 0: unknown
	dataBase uint64 // 0: unknown
}

// fail records the first error, at the given section offset.
func (r *reader) fail(off int, err error) {
	if r.err == nil {
		r.err = &Error{Kind: r.sec.kind, Offset: uint64(off), Err: err}
	}
	r.off = r.end
}

// bytes returns the next n bytes, or nil when there aren't as many.
func (r *reader) bytes(n uint64, what string) []byte {
	if r.err != nil {
		return nil
	}
	if left := uint64(r.end - r.off); n > left {
		r.fail(r.off, malformed("%s needs %d bytes, %d are left", what, n, left))
		return nil
	}
	b := r.sec.data[r.off : r.off+int(n) : r.off+int(n)]
	r.off += int(n)
	return b
}

func (r *reader) u8(what string) uint8 {
	if b := r.bytes(1, what); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16(what string) uint16 {
	if b := r.bytes(2, what); b != nil {
		return r.sec.order.Uint16(b)
	}
	return 0
}

func (r *reader) u32(what string) uint32 {
	if b := r.bytes(4, what); b != nil {
		return r.sec.order.Uint32(b)
	}
	return 0
}

func (r *reader) u64(what string) uint64 {
	if b := r.bytes(8, what); b != nil {
		return r.sec.order.Uint64(b)
	}
	return 0
}

// uleb reads an unsigned LEB128 number (DWARF 5, section 7.6). Padding is allowed, more than 64 bits aren't.
func (r *reader) uleb(what string) uint64 {
	start := r.off
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b := r.u8(what)
		if r.err != nil {
			return 0
		}
		group := uint64(b & 0x7f)
		if shift >= 64 && group != 0 || shift < 64 && bits.Len64(group)+int(shift) > 64 {
			r.fail(start, malformed("%s has more than 64 bits", what))
			return 0
		}
		if shift < 64 {
			v |= group << shift
		}
		if b&0x80 == 0 {
			return v
		}
	}
}

// sleb reads a signed LEB128 number. Padding is allowed, more than 64 bits aren't.
func (r *reader) sleb(what string) int64 {
	start := r.off
	var v int64
	for shift := uint(0); ; shift += 7 {
		b := r.u8(what)
		if r.err != nil {
			return 0
		}
		group := int64(b&0x7f) << 57 >> 57 // sign-extended from its 7 bits
		switch {
		case shift < 63:
			v |= int64(b&0x7f) << shift
		case group != 0 && group != -1 || shift > 63 && group != v>>63:
			// From bit 63 on there is nothing but copies of the sign.
			r.fail(start, malformed("%s has more than 64 bits", what))
			return 0
		case shift == 63:
			v |= group << shift
		}
		if b&0x80 == 0 {
			if shift < 63 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// cstring reads a NUL-terminated string.
func (r *reader) cstring(what string) string {
	if r.err != nil {
		return ""
	}
	n := bytes.IndexByte(r.sec.data[r.off:r.end], 0)
	if n < 0 {
		r.fail(r.off, malformed("%s isn't terminated", what))
		return ""
	}
	s := string(r.sec.data[r.off : r.off+n])
	r.off += n + 1
	return s
}

// done says whether nothing is left, or nothing more can be read.
func (r *reader) done() bool { return r.off >= r.end }
