// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/image"
)

// Call frame information as DWARF 5, section 6.4.1, has it in .debug_frame; the numbers of the registers are those of
// "DWARF for the Arm 64-bit Architecture".
const (
	dwarfSP = 31
	dwarfLR = 30

	cfaUndefined = 0x07
	cfaDefCFA    = 0x0c
	cieID        = 0xffffffff
)

// outermost returns the call frame information of functions whose caller no rule finds: in them the return address is
// undefined, by which a debugger knows that a backtrace ends. Such are trampolines that functions are made to return
// to: the address of the caller is on a list of the tracer's. Base is the offset in .debug_frame at which the
// information will be.
//
// A frame is looked up by the address before its return address, so a range begins one byte early: the first
// instruction of a trampoline is a return address in the frame records of traced functions.
//
//	CIE  length 4, id 4 (ffffffff), version 1, augmentation 1 (""), code and data alignment 1+1,
//	     return address register 1; DW_CFA_def_cfa sp+0, DW_CFA_undefined x30; padding
//	FDE  length 4, offset of the CIE 4, address 8, size 8
func outermost(functions []image.Symbol, base int) []byte {
	const size, dataAlign = 4 + 4 + 1 + 1 + 1 + 1 + 1 + 5 + 6, 0x78 // -8 as SLEB128
	cie := []byte{1, 0, 4, dataAlign, dwarfLR, cfaDefCFA, dwarfSP, 0, cfaUndefined, dwarfLR}
	cie = append(cie, make([]byte, size-8-len(cie))...)
	le := binary.LittleEndian
	b := le.AppendUint32(nil, size-4)
	b = le.AppendUint32(b, cieID)
	b = append(b, cie...)
	for _, f := range functions {
		const length = 4 + 8 + 8
		b = le.AppendUint32(b, length)
		b = le.AppendUint32(b, uint32(base))
		b = le.AppendUint64(b, f.Addr-1)
		b = le.AppendUint64(b, f.Size+1)
	}
	return b
}

// EndAt returns an ELF file with a .debug_frame that says of some functions, too, that no frame comes after theirs. The
// file must have that section, and none of the functions in it.
func EndAt(file []byte, functions []image.Symbol) ([]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	section := f.Section(".debug_frame")
	if section == nil {
		return nil, fmt.Errorf("no .debug_frame")
	}
	old, err := section.Data()
	if err != nil {
		return nil, err
	}
	return replace(file, f, section, append(old, outermost(functions, len(old))...))
}

// replace returns the file with other contents of a section: they go to the end of the file, and the section's header
// to where it is now.
func replace(file []byte, f *elf.File, section *elf.Section, contents []byte) ([]byte, error) {
	file = append(bytes.Clone(file), make([]byte, -len(file)&7)...)
	at := len(file)
	file = append(file, contents...)
	var h elf.Header64
	if _, err := binary.Decode(file, binary.LittleEndian, &h); err != nil {
		return nil, err
	}
	i := slices.Index(f.Sections, section)
	header := file[h.Shoff+uint64(i)*uint64(h.Shentsize):]
	const offset, size = 24, 32 // of sh_offset and sh_size
	binary.LittleEndian.PutUint64(header[offset:], uint64(at))
	binary.LittleEndian.PutUint64(header[size:], uint64(len(contents)))
	return file, nil
}
