// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "encoding/binary"

// A builder makes a section by hand. Its fields may be changed before an entry is added.
type builder struct {
	kind    Kind
	wide    bool // 64-bit DWARF
	version byte
	order   binary.AppendByteOrder
	data    []byte
}

func newSection(kind Kind) *builder {
	return &builder{kind: kind, version: 1, order: binary.LittleEndian}
}

// entry adds an entry whose id or CIE pointer is given, and returns its offset.
func (b *builder) entry(id uint64, body []byte) uint64 {
	offset := uint64(len(b.data))
	var field []byte
	if b.wide && b.kind == DebugFrame {
		field = b.order.AppendUint64(nil, id)
	} else {
		field = b.order.AppendUint32(nil, uint32(id))
	}
	body = append(field, body...)
	if b.wide {
		b.data = b.order.AppendUint32(b.data, 0xffffffff)
		b.data = b.order.AppendUint64(b.data, uint64(len(body)))
	} else {
		b.data = b.order.AppendUint32(b.data, uint32(len(body)))
	}
	b.data = append(b.data, body...)
	return offset
}

// cie adds a CIE with code alignment 4, data alignment -8, return register x30 and CFA = SP. The augmentation data
// and further instructions follow as bytes: augmentation "zR" takes one byte of data.
func (b *builder) cie(augmentation string, data ...byte) uint64 {
	return b.cieWith(augmentation, data)
}

func (b *builder) cieWith(augmentation string, data []byte, program ...byte) uint64 {
	id := uint64(0)
	if b.kind == DebugFrame {
		id = ^id
	}
	body := append([]byte{b.version}, augmentation...)
	body = append(body, 0)
	if augmentation == "eh" {
		body = append(body, make([]byte, 8)...)
	}
	if b.version == 4 {
		body = append(body, 8, 0)
	}
	body = append(body, 4, 0x78, 30)
	if augmentation != "" && augmentation[0] == 'z' {
		body = append(body, byte(len(data)))
	}
	body = append(body, data...)
	body = append(body, 0x0c, 31, 0)
	return b.entry(id, append(body, program...))
}

// fde adds an FDE whose addresses are absolute, of 8 bytes, with augmentation data of length 0.
func (b *builder) fde(cie, start, size uint64, program ...byte) uint64 {
	var body []byte
	body = b.order.AppendUint64(body, start)
	body = b.order.AppendUint64(body, size)
	if b.kind == EHFrame {
		body = append(body, 0)
	}
	return b.fdeRaw(cie, append(body, program...))
}

// fdeRaw adds an FDE of which all that follows the CIE pointer is given.
func (b *builder) fdeRaw(cie uint64, body []byte) uint64 {
	if b.kind == EHFrame {
		at := uint64(len(b.data)) + 4
		if b.wide {
			at += 8
		}
		cie = at - cie
	}
	return b.entry(cie, body)
}
