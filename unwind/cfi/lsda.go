// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "encoding/binary"

// A CallSite is a piece of a function, from Start up to End: an exception that leaves a call made there goes on at Pad.
// Without a Pad, 0, it leaves the function.
type CallSite struct {
	Start, End uint64 // addresses
	Pad        uint64 // address
}

// lsda reads the pointer to language-specific data, which is all that the augmentation data of an FDE has. 0, whatever
// it is relative to, says that there is none. Nothing of the function's rows depends on it, so that one which can't be
// read counts as none.
func (r *reader) lsda(e pointerEncoding) uint64 {
	if e == peOmit || r.done() {
		return 0
	}
	value := *r
	if value.skipPointer(e, "pointer to language-specific data"); value.err != nil {
		return 0
	}
	bytes := r.sec.data[r.off:value.off]
	for len(bytes) > 0 && bytes[0] == 0 {
		bytes = bytes[1:]
	}
	if len(bytes) == 0 {
		return 0
	}
	addr := r.pointer(e, "pointer to language-specific data")
	if r.err != nil {
		return 0
	}
	return addr
}

// ParseLSDA reads the call sites of a function from its language-specific data. data begins there, at address addr, and
// may go on beyond its end; start is the address of the function, its FDE's.
//
// The format is that of gcc's exception tables, which clang writes too (parse_lsda_header in libgcc's unwind-c.c):
//
//	encoding of the base of the landing pads, and if not DW_EH_PE_omit the base; else it is the function's start
//	encoding of types, and if not DW_EH_PE_omit, in ULEB128, where they end
//	encoding of the call sites
//	their size in bytes, in ULEB128
//	for each: start, from the function's | size | landing pad, from the base, or 0 | action, in ULEB128
//
// The call sites are in the order of addresses. Errors are of type *[Error], with the offset from addr.
func ParseLSDA(data []byte, addr, start uint64) ([]CallSite, error) {
	sec := &section{data: data, addr: addr, kind: LSDA, order: binary.LittleEndian}
	r := reader{sec: sec, end: len(data)}
	base := start
	if e := pointerEncoding(r.u8("encoding of the landing pads' base")); e != peOmit {
		base = r.pointer(e, "base of the landing pads")
	}
	if e := pointerEncoding(r.u8("encoding of types")); e != peOmit {
		r.uleb("offset of types")
	}
	enc := pointerEncoding(r.u8("encoding of call sites")) & peFormat
	size := r.uleb("size of the call sites")
	begin := r.off
	r.bytes(size, "call sites")
	if r.err != nil {
		return nil, r.err
	}
	r = reader{sec: sec, off: begin, end: r.off}
	var all []CallSite
	for !r.done() {
		from := start + r.pointerValue(enc, "start of a call site")
		to := from + r.pointerSize(enc, "size of a call site")
		pad := r.pointerValue(enc, "landing pad")
		r.uleb("action")
		if r.err == nil && to < from {
			r.fail(r.off, malformed("call site at %#x doesn't end within the address space", from))
		}
		if r.err != nil {
			return nil, r.err
		}
		site := CallSite{Start: from, End: to}
		if pad != 0 {
			site.Pad = base + pad
		}
		all = append(all, site)
	}
	return all, nil
}
