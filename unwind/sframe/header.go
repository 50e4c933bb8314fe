// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"encoding/binary"
	"fmt"
)

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
	return header{}, fmt.Errorf("%w header: %s (at 0x%x)", class, fault.Text, fault.Offset)
}

// parseHeader takes the fields of the header apart.
func parseHeader(data []byte) (header, *Problem) {
	var h header
	if len(data) < headerSize {
		return h, &Problem{Kind: BadSize, FDE: -1, FRE: -1,
			Text: fmt.Sprintf("section of %d bytes is too short for a header", len(data))}
	}
	switch {
	case binary.LittleEndian.Uint16(data) == magic:
	case binary.BigEndian.Uint16(data) == magic:
		h.order.big = true
	default:
		return h, &Problem{Kind: BadMagic, FDE: -1, FRE: -1,
			Text: fmt.Sprintf("magic number 0x%04x, not 0x%04x", binary.LittleEndian.Uint16(data), magic)}
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
		fault(BadSubsection, 7, "auxiliary header of %d bytes ends at 0x%x, beyond the section's end 0x%x",
			h.auxLen, end, size)
	}
	if fdesEnd > uint64(size) {
		fault(BadSubsection, 8, "%d FDEs at 0x%x end at 0x%x, beyond the section's end 0x%x", h.numFDEs, fdes,
			fdesEnd, size)
	}
	if fresEnd > uint64(size) {
		fault(BadSubsection, 16, "FRE sub-section of 0x%x bytes at 0x%x ends at 0x%x, beyond the section's end 0x%x",
			h.freLen, fres, fresEnd, size)
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
