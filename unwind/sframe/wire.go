// SPDX-License-Identifier: GPL-2.0-only

package sframe

import "encoding/binary"

// Sizes and constants of the layouts (specification, "SFrame Section").
const (
	magic      = 0xdee2
	headerSize = 28
	attrSize   = 5 // V3: number of rows and info bytes, before the rows
)

// fdeSize returns the size of an entry of the FDE sub-section.
func fdeSize(v Version) int {
	switch v {
	case V1:
		return 17
	case V2:
		return 20
	default:
		return 16
	}
}

// The info byte of an FDE; infoSignal and the second info byte are V3 only.
const (
	infoWidth    = 0x0f
	infoMask     = 0x10
	infoBKey     = 0x20
	infoReserved = 0x40
	infoSignal   = 0x80

	info2Type     = 0x1f
	info2Reserved = 0xe0
)

// The info byte of a row.
const (
	freBaseSP  = 0x01
	freMangled = 0x80
	maxWords   = 15
)

// byteOrder reads integers without the cost of a call through binary.ByteOrder.
type byteOrder struct{ big bool }

func (o byteOrder) u16(b []byte) uint16 {
	if o.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (o byteOrder) u32(b []byte) uint32 {
	if o.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (o byteOrder) u64(b []byte) uint64 {
	if o.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// rawFDE is a function descriptor as it was written, in V3 joined with its attribute.
type rawFDE struct {
	size    uint32
	freOff  uint32 // from the start of the FRE sub-section; V3: of the attribute
	numFREs uint32
	info    uint8
	info2   uint8
	repSize uint8
	rows    int // section offset of the first row
}

// readFDE reads descriptor i, which must exist. It fails when its data start outside the FRE sub-section.
func (h *header) readFDE(data []byte, i int) (rawFDE, error) {
	var f rawFDE
	f.size, f.freOff = h.readIndex(data, i)
	err := h.readAttr(&f, data, i)
	return f, err
}

// readIndex reads those fields of descriptor i that are in the FDE sub-section in every version.
func (h *header) readIndex(data []byte, i int) (size, freOff uint32) {
	at := h.fdeAt(i) + 4
	if h.version == V3 {
		at += 4
	}
	return h.order.u32(data[at:]), h.order.u32(data[at+4:])
}

// readAttr reads the other fields of descriptor i: in V3, where f.freOff leads.
func (h *header) readAttr(f *rawFDE, data []byte, i int) error {
	if h.version == V3 {
		if uint64(f.freOff)+attrSize > uint64(h.freLen) {
			return errDataOutside
		}
		at := h.freBase + int(f.freOff)
		attr := data[at : at+attrSize]
		f.numFREs, f.info, f.info2, f.repSize = uint32(h.order.u16(attr)), attr[2], attr[3], attr[4]
		f.rows = at + attrSize
		return nil
	}
	at := h.fdeAt(i)
	f.numFREs, f.info = h.order.u32(data[at+12:]), data[at+16]
	if h.version == V2 {
		f.repSize = data[at+17]
	}
	if f.freOff > h.freLen {
		return errDataOutside
	}
	f.rows = h.freBase + int(f.freOff)
	return nil
}

// width returns the size in bytes of the start offsets of the FDE's rows, 0 when the info byte says none that exists.
func (f *rawFDE) width() int { return widthOf(f.info & infoWidth) }

func (f *rawFDE) mask() bool { return f.info&infoMask != 0 }

func (f *rawFDE) fdeType() FDEType { return FDEType(f.info2 & info2Type) }

// widthOf translates the code for 1, 2 or 4 bytes, which is used for start offsets and for data words.
func widthOf(code uint8) int {
	if code > 2 {
		return 0
	}
	return 1 << code
}

// rawFRE is a row as it was written, its data words unread.
type rawFRE struct {
	start uint32
	info  uint8
	words int // section offset of the data words
	next  int // section offset of what follows the row
}

func (r rawFRE) count() int    { return int(r.info>>1) & maxWords }
func (r rawFRE) wordSize() int { return widthOf(r.info >> 5 & 3) }

// readFRE reads the row at section offset at, of an FDE whose start offsets have the given width.
func (h *header) readFRE(data []byte, at, width int) (rawFRE, error) {
	if at+width+1 > h.freLimit {
		return rawFRE{}, errRowOutside
	}
	r := rawFRE{start: h.uint(data[at:], width), info: data[at+width], words: at + width + 1}
	size := r.wordSize()
	if size == 0 {
		return rawFRE{}, errWordSize
	}
	r.next = r.words + r.count()*size
	if r.next > h.freLimit {
		return rawFRE{}, errRowOutside
	}
	return r, nil
}

// uint reads an unsigned integer of 1, 2 or 4 bytes.
func (h *header) uint(b []byte, size int) uint32 {
	switch size {
	case 1:
		return uint32(b[0])
	case 2:
		return uint32(h.order.u16(b))
	default:
		return h.order.u32(b)
	}
}

// int reads a signed integer of 1, 2 or 4 bytes.
func (h *header) int(b []byte, size int) int32 {
	switch size {
	case 1:
		return int32(int8(b[0]))
	case 2:
		return int32(int16(h.order.u16(b)))
	default:
		return int32(h.order.u32(b))
	}
}

// readWords appends the data words of a row. In a flexible FDE, control words are unsigned.
func (h *header) readWords(dst []int32, data []byte, r rawFRE, t FDEType) []int32 {
	size, at := r.wordSize(), r.words
	control := t == Flexible
	for range r.count() {
		var w int32
		if control {
			w = int32(h.uint(data[at:], size))
		} else {
			w = h.int(data[at:], size)
		}
		dst = append(dst, w)
		at += size
		control = t == Flexible && nextIsControl(control, w)
	}
	return dst
}

// nextIsControl says what follows a data word of a flexible FDE: an offset follows every control word except 0, which
// is padding.
func nextIsControl(control bool, word int32) bool { return !control || word == 0 }
