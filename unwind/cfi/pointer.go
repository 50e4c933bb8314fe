// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "fmt"

// A pointerEncoding says how a pointer is stored in .eh_frame: the DW_EH_PE_* values of the Linux Standard Base,
// Core Generic, section 10.5.1. The low four bits are the format, the next three what it is relative to, and the
// highest bit says that the result is the address of the pointer rather than the pointer.
type pointerEncoding uint8

const (
	peAbsptr  pointerEncoding = 0x00
	peULEB128 pointerEncoding = 0x01
	peUdata2  pointerEncoding = 0x02
	peUdata4  pointerEncoding = 0x03
	peUdata8  pointerEncoding = 0x04
	peSigned  pointerEncoding = 0x08 // a pointer-sized signed value
	peSLEB128 pointerEncoding = 0x09
	peSdata2  pointerEncoding = 0x0a
	peSdata4  pointerEncoding = 0x0b
	peSdata8  pointerEncoding = 0x0c

	pePcrel   pointerEncoding = 0x10
	peTextrel pointerEncoding = 0x20
	peDatarel pointerEncoding = 0x30
	peFuncrel pointerEncoding = 0x40
	peAligned pointerEncoding = 0x50

	peIndirect pointerEncoding = 0x80
	peOmit     pointerEncoding = 0xff

	peFormat   pointerEncoding = 0x0f
	peRelative pointerEncoding = 0x70
)

func (e pointerEncoding) String() string {
	if e == peOmit {
		return "DW_EH_PE_omit"
	}
	format, ok := map[pointerEncoding]string{
		peAbsptr: "absptr", peULEB128: "uleb128", peUdata2: "udata2", peUdata4: "udata4", peUdata8: "udata8",
		peSigned: "signed", peSLEB128: "sleb128", peSdata2: "sdata2", peSdata4: "sdata4", peSdata8: "sdata8",
	}[e&peFormat]
	if !ok {
		return fmt.Sprintf("DW_EH_PE_%#02x", uint8(e))
	}
	relative, ok := map[pointerEncoding]string{
		0: "", pePcrel: "pcrel ", peTextrel: "textrel ", peDatarel: "datarel ", peFuncrel: "funcrel ",
		peAligned: "aligned ",
	}[e&peRelative]
	if !ok {
		return fmt.Sprintf("DW_EH_PE_%#02x", uint8(e))
	}
	if e&peIndirect != 0 {
		relative = "indirect " + relative
	}
	return "DW_EH_PE_" + relative + format
}

// pointer reads a pointer that names a place in the code. It refuses the encodings whose meaning needs more than the
// section and its bases: a pointer that lies elsewhere in memory, or is relative to a function not yet known.
func (r *reader) pointer(e pointerEncoding, what string) uint64 {
	start := r.off
	if e == peOmit || e&peIndirect != 0 {
		r.fail(start, unsupported("%s encoded as %v", what, e))
		return 0
	}
	var base uint64
	switch e & peRelative {
	case 0:
	case pePcrel:
		base = r.sec.addr + uint64(start)
	case peTextrel, peDatarel:
		base = r.sec.dataBase
		if e&peRelative == peTextrel {
			base = r.sec.textBase
		}
		if base == 0 {
			r.fail(start, unsupported("%s encoded as %v, and that base isn't given", what, e))
			return 0
		}
	case peAligned:
		r.align(what)
	default:
		r.fail(start, unsupported("%s encoded as %v", what, e))
		return 0
	}
	return base + r.pointerValue(e, what)
}

// skipPointer steps over a pointer whose value doesn't matter, so any base and indirection will do.
func (r *reader) skipPointer(e pointerEncoding, what string) {
	if e == peOmit {
		return
	}
	if e&peRelative == peAligned {
		r.align(what)
	}
	r.pointerValue(e, what)
}

// align steps to the next address that is a multiple of the size of a pointer.
func (r *reader) align(what string) {
	at := r.sec.addr + uint64(r.off)
	r.bytes(-at&7, what)
}

// pointerValue reads the number of an encoded pointer, sign-extended where the format is a signed one.
func (r *reader) pointerValue(e pointerEncoding, what string) uint64 {
	switch e & peFormat {
	case peAbsptr, peUdata8, peSigned, peSdata8:
		return r.u64(what)
	case peULEB128:
		return r.uleb(what)
	case peSLEB128:
		return uint64(r.sleb(what))
	case peUdata2:
		return uint64(r.u16(what))
	case peSdata2:
		return uint64(int16(r.u16(what)))
	case peUdata4:
		return uint64(r.u32(what))
	case peSdata4:
		return uint64(int32(r.u32(what)))
	}
	r.fail(r.off, unsupported("%s encoded as %v", what, e))
	return 0
}

// pointerSize reads the length of an address range, which has the format of a pointer but is neither relative nor
// signed.
func (r *reader) pointerSize(e pointerEncoding, what string) uint64 {
	v := r.pointerValue(e, what)
	switch e & peFormat {
	case peSdata2:
		return uint64(uint16(v))
	case peSdata4:
		return uint64(uint32(v))
	}
	return v
}
