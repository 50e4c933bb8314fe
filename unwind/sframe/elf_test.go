// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"testing"
)

// wrapELF makes a shared object that consists of nothing but an .sframe section loaded at addr, for readelf to read.
func wrapELF(t testing.TB, section []byte, abi ABI, addr uint64) []byte {
	t.Helper()
	var order binary.ByteOrder = binary.LittleEndian
	data := elf.ELFDATA2LSB
	if abi.order().big {
		order, data = binary.BigEndian, elf.ELFDATA2MSB
	}
	machine := elf.EM_AARCH64
	switch abi {
	case AMD64:
		machine = elf.EM_X86_64
	case S390X:
		machine = elf.EM_S390
	}
	const headerLen, sectionLen = 64, 64
	names := []byte("\x00.sframe\x00.shstrtab\x00")
	at := uint64(headerLen)
	namesAt := at + uint64(len(section))
	tableAt := (namesAt + uint64(len(names)) + 7) &^ 7
	h := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Shoff: tableAt, Ehsize: headerLen, Shentsize: sectionLen, Shnum: 3, Shstrndx: 2,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(data),
		byte(elf.EV_CURRENT)

	var out bytes.Buffer
	write := func(v any) {
		if err := binary.Write(&out, order, v); err != nil {
			t.Fatal(err)
		}
	}
	write(h)
	out.Write(section)
	out.Write(names)
	out.Write(make([]byte, tableAt-uint64(out.Len())))
	write(elf.Section64{})
	write(elf.Section64{Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Addr: addr, Off: at,
		Size: uint64(len(section)), Addralign: 8})
	write(elf.Section64{Name: 9, Type: uint32(elf.SHT_STRTAB), Off: namesAt, Size: uint64(len(names)), Addralign: 1})
	return out.Bytes()
}

// sectionOf returns the .sframe section of an ELF file, where it is loaded, and for which ABI.
func sectionOf(file []byte) (data []byte, addr uint64, err error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, 0, err
	}
	s := f.Section(".sframe")
	if s == nil {
		return nil, 0, errors.New("no .sframe section")
	}
	data, err = s.Data()
	return data, s.Addr, err
}
