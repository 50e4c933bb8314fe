// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"encoding/binary"
)

// WriteDebugFrame writes what sections say as one .debug_frame of little-endian 64-bit DWARF entries, with absolute
// addresses, so that tables of code from several files can be given to one reader. Functions whose instructions hold an
// encoded address, which compilers never write, or that are of another byte order are left out.
//
//	CIE  length 32, ~0 32, version 4, augmentation, address size 8, segment size 0, code and data alignment, return
//	     register, augmentation data (empty, with its length, if the augmentation begins with 'z'), instructions
//	FDE  length 32, offset of the CIE 32, start 64, size 64, augmentation data likewise, instructions
//
// Each entry is padded with DW_CFA_nop to a multiple of 8 bytes (DWARF 5, section 6.4.1).
func WriteDebugFrame(sections ...*Info) []byte {
	var out []byte
	for _, info := range sections {
		cies := map[*CIE]uint32{}
		for _, f := range info.FDEs {
			if f.sec.order != binary.ByteOrder(binary.LittleEndian) || f.setsLocation() {
				continue
			}
			at, ok := cies[f.CIE]
			if !ok {
				at = uint32(len(out))
				cies[f.CIE] = at
				out = f.CIE.appendTo(out, f.sec)
			}
			out = f.appendTo(out, at)
		}
	}
	return out
}

// setsLocation reports whether a program has DW_CFA_set_loc, or can't be followed.
func (f *FDE) setsLocation() bool {
	t := f.compiled()
	return t.err != nil || t.jump
}

// augmentation are the letters that matter to a reader of .debug_frame.
func (c *CIE) augmentation() string {
	letters := ""
	if c.SignalFrame {
		letters += "S"
	}
	if c.BKey {
		letters += "B"
	}
	if letters != "" {
		letters = "z" + letters
	}
	return letters
}

func (c *CIE) appendTo(out []byte, sec *section) []byte {
	const version, addressSize = 4, 8
	start := len(out)
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint32(out, 0xffffffff)
	out = append(append(append(out, version), c.augmentation()...), 0, addressSize, 0)
	out = binary.AppendUvarint(out, c.CodeAlign)
	out = appendSLEB(out, c.DataAlign)
	out = binary.AppendUvarint(out, uint64(c.ReturnRegister))
	if c.augmentation() != "" {
		out = append(out, 0)
	}
	return closeEntry(append(out, sec.data[c.begin:c.end]...), start)
}

func (f *FDE) appendTo(out []byte, cie uint32) []byte {
	start := len(out)
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint32(out, cie)
	out = binary.LittleEndian.AppendUint64(out, f.Start)
	out = binary.LittleEndian.AppendUint64(out, f.End-f.Start)
	if f.CIE.augmentation() != "" {
		out = append(out, 0)
	}
	return closeEntry(append(out, f.sec.data[f.begin:f.end]...), start)
}

// closeEntry pads an entry, and puts its length in front.
func closeEntry(out []byte, start int) []byte {
	for (len(out)-start)%8 != 4 {
		out = append(out, 0)
	}
	binary.LittleEndian.PutUint32(out[start:], uint32(len(out)-start-4))
	return out
}

func appendSLEB(out []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		if v >>= 7; v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
