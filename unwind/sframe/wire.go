package sframe

import (
	"encoding/binary"
	"fmt"
)

// Sizes and constants of the layouts (specification, "SFrame Section").
const (
	magic      = 0xdee2
	headerSize = 28
	attrSize   = 5 // V3: number of rows and info bytes, in front of the rows
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

// header is the section's header as it was written.
type header struct {
	version  Version
	flags    Flags
	abi      ABI
	fixedFP  int8
	fixedRA  int8
	auxLen   uint8
	numFDEs  uint32
	numFREs  uint32
	freLen   uint32
	fdeOff   uint32
	freOff   uint32
	order    byteOrder // of the magic number
	fdeBase  int       // section offset of the FDE sub-section
	freBase  int       // section offset of the FRE sub-section
	freLimit int       // section offset of the end of the FRE sub-section
}

// readHeader reads the header and checks what must hold before anything else can be read.
func readHeader(data []byte) (header, error) {
	h, fault := parseHeader(data)
	if fault == nil {
		if faults := h.faults(len(data)); len(faults) > 0 {
			fault = &faults[0]
		}
	}
	if fault == nil {
		return h, nil
	}
	class := ErrMalformed
	if fault.Kind == BadVersion || fault.Kind == BadABI {
		class = ErrUnsupported
	}
	return header{}, fmt.Errorf("sframe: %w header: %s (at 0x%x)", class, fault.Text, fault.Offset)
}

// parseHeader takes the fields of the header apart.
func parseHeader(data []byte) (header, *Problem) {
	var h header
	if len(data) < headerSize {
		return h, &Problem{Kind: BadSize, FDE: -1, FRE: -1, Text: fmt.Sprintf("section of %d bytes is too short for a header", len(data))}
	}
	switch {
	case binary.LittleEndian.Uint16(data) == magic:
	case binary.BigEndian.Uint16(data) == magic:
		h.order.big = true
	default:
		return h, &Problem{Kind: BadMagic, FDE: -1, FRE: -1, Text: fmt.Sprintf("magic number 0x%04x, not 0x%04x", binary.LittleEndian.Uint16(data), magic)}
	}
	h.version, h.flags, h.abi = Version(data[2]), Flags(data[3]), ABI(data[4])
	h.fixedFP, h.fixedRA, h.auxLen = int8(data[5]), int8(data[6]), data[7]
	h.numFDEs, h.numFREs = h.order.u32(data[8:]), h.order.u32(data[12:])
	h.freLen = h.order.u32(data[16:])
	h.fdeOff, h.freOff = h.order.u32(data[20:]), h.order.u32(data[24:])
	return h, nil
}

// faults checks the header of a section of size bytes and finds its sub-sections. The rest of a section with faults
// can't be read.
func (h *header) faults(size int) []Problem {
	var all []Problem
	fault := func(kind Kind, at int, format string, args ...any) {
		all = append(all, Problem{Kind: kind, Offset: at, FDE: -1, FRE: -1, Text: fmt.Sprintf(format, args...)})
	}
	if h.version < V1 || h.version > V3 {
		fault(BadVersion, 2, "version %d", uint8(h.version))
	}
	if !h.abi.known() {
		fault(BadABI, 4, "ABI %d", uint8(h.abi))
	} else if h.abi.order() != h.order {
		fault(BadABI, 4, "%v, but the magic number has the other byte order", h.abi)
	}
	// Sums of 32-bit fields can't overflow 64 bits, and are checked before they are used as indices.
	end := headerSize + uint64(h.auxLen)
	fdes, fres := end+uint64(h.fdeOff), end+uint64(h.freOff)
	fdesEnd := fdes + uint64(h.numFDEs)*uint64(fdeSize(h.version))
	fresEnd := fres + uint64(h.freLen)
	if end > uint64(size) {
		fault(BadSubsection, 7, "auxiliary header of %d bytes ends at 0x%x, beyond the section's end 0x%x", h.auxLen, end, size)
	}
	if fdesEnd > uint64(size) {
		fault(BadSubsection, 8, "%d FDEs at 0x%x end at 0x%x, beyond the section's end 0x%x", h.numFDEs, fdes, fdesEnd, size)
	}
	if fresEnd > uint64(size) {
		fault(BadSubsection, 16, "FRE sub-section of 0x%x bytes at 0x%x ends at 0x%x, beyond the section's end 0x%x", h.freLen, fres, fresEnd, size)
	}
	if fres < fdesEnd {
		fault(BadSubsection, 24, "FRE sub-section starts at 0x%x, before the FDEs end at 0x%x", fres, fdesEnd)
	}
	if len(all) == 0 {
		h.fdeBase, h.freBase, h.freLimit = int(fdes), int(fres), int(fresEnd)
	}
	return all
}

// pcRel says whether function starts are relative to their own field. V1 has no such flag.
func (h *header) pcRel() bool { return h.version >= V2 && h.flags&FuncStartPCRel != 0 }

// fdeAt returns the section offset of FDE i.
func (h *header) fdeAt(i int) int { return h.fdeBase + i*fdeSize(h.version) }

// start returns the address of the function of FDE i in a section loaded at addr.
func (h *header) start(data []byte, addr uint64, i int) uint64 {
	at := h.fdeAt(i)
	base := addr
	if h.pcRel() {
		base += uint64(at)
	}
	if h.version == V3 {
		return base + h.order.u64(data[at:])
	}
	return base + uint64(int64(int32(h.order.u32(data[at:]))))
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
	at := h.fdeAt(i)
	var f rawFDE
	if h.version == V3 {
		f.size, f.freOff = h.order.u32(data[at+8:]), h.order.u32(data[at+12:])
		if uint64(f.freOff)+attrSize > uint64(h.freLen) {
			return f, errDataOutside
		}
		a := h.freBase + int(f.freOff)
		f.numFREs, f.info, f.info2, f.repSize = uint32(h.order.u16(data[a:])), data[a+2], data[a+3], data[a+4]
		f.rows = a + attrSize
		return f, nil
	}
	f.size, f.freOff = h.order.u32(data[at+4:]), h.order.u32(data[at+8:])
	f.numFREs, f.info = h.order.u32(data[at+12:]), data[at+16]
	if h.version == V2 {
		f.repSize = data[at+17]
	}
	if f.freOff > h.freLen {
		return f, errDataOutside
	}
	f.rows = h.freBase + int(f.freOff)
	return f, nil
}

// width returns the size in bytes of the start offsets of the FDE's rows, 0 when the info byte says none that exists.
func (f *rawFDE) width() int { return widthOf(f.info & infoWidth) }

func (f *rawFDE) mask() bool { return f.info&infoMask != 0 }

func (f *rawFDE) fdeType() FDEType { return FDEType(f.info2 & info2Type) }

// widthOf translates the code for 1, 2 or 4 bytes, as it is used for start offsets and for data words.
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

// Reasons why an FDE or row can't be read, without the place: lookups return them without allocating.
var (
	errDataOutside = fmt.Errorf("%w: data start outside the FRE sub-section", ErrMalformed)
	errRowOutside  = fmt.Errorf("%w: row reaches beyond the FRE sub-section", ErrMalformed)
	errWordSize    = fmt.Errorf("%w: code 3 for the size of data words", ErrMalformed)
	errWidth       = fmt.Errorf("%w: unknown code for the width of row start offsets", ErrMalformed)
	errRowOrder    = fmt.Errorf("%w: row starts are not strictly increasing", ErrMalformed)
	errBeyond      = fmt.Errorf("%w: row starts beyond the end of its function", ErrMalformed)
	errFDEType     = fmt.Errorf("%w FDE type", ErrUnsupported)
	errRepSize     = fmt.Errorf("%w: mask FDE with a repeated block of 0 bytes", ErrMalformed)
	errMaskV1      = fmt.Errorf("%w: V1 mask FDE with several rows: the size of the repeated block is not recorded", ErrUnsupported)
	errWordCount   = fmt.Errorf("%w: number of data words is not valid for the ABI", ErrMalformed)
	errControl     = fmt.Errorf("%w: control words of a flexible row are incomplete or have no CFA base register", ErrMalformed)
	errCrossed     = fmt.Errorf("%w: order of the FDEs contradicts itself", ErrMalformed)
	errOutsideText = fmt.Errorf("%w: function is outside the text", ErrMalformed)
	errOutermost   = fmt.Errorf("%w: outermost frame", ErrUnsupported)
)
