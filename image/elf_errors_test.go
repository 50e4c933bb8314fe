// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRelocationErrors checks values that don't fit and types that aren't supported.
func TestRelocationErrors(t *testing.T) {
	const p = 0x10000000
	for _, tt := range []struct {
		kind  elf.R_AARCH64
		x     uint64
		wrong bool
	}{
		{elf.R_AARCH64_CALL26, p + 1<<27 - 4, false},
		{elf.R_AARCH64_CALL26, p + 1<<27, true},
		{elf.R_AARCH64_CALL26, p + 2, true},
		{elf.R_AARCH64_JUMP26, p - 1<<27, false},
		{elf.R_AARCH64_JUMP26, p - 1<<27 - 4, true},
		{elf.R_AARCH64_CONDBR19, p + 1<<20 - 4, false},
		{elf.R_AARCH64_CONDBR19, p + 1<<20, true},
		{elf.R_AARCH64_LD_PREL_LO19, p - 1<<20, false},
		{elf.R_AARCH64_LD_PREL_LO19, p - 1<<20 - 4, true},
		{elf.R_AARCH64_TSTBR14, p + 1<<15 - 4, false},
		{elf.R_AARCH64_TSTBR14, p + 1<<15, true},
		{elf.R_AARCH64_ADR_PREL_LO21, p + 1<<20 - 1, false},
		{elf.R_AARCH64_ADR_PREL_LO21, p + 1<<20, true},
		{elf.R_AARCH64_ADR_PREL_PG_HI21, p + 1<<32 - 1, false},
		{elf.R_AARCH64_ADR_PREL_PG_HI21, p + 1<<32, true},
		{elf.R_AARCH64_ADR_PREL_PG_HI21_NC, p + 1<<32, false},
		{elf.R_AARCH64_LDST16_ABS_LO12_NC, 0x1001, true},
		{elf.R_AARCH64_LDST64_ABS_LO12_NC, 0x1008, false},
		{elf.R_AARCH64_LDST64_ABS_LO12_NC, 0x1004, true},
		{elf.R_AARCH64_LDST128_ABS_LO12_NC, 0x1008, true},
		{elf.R_AARCH64_MOVW_UABS_G0, 0xffff, false},
		{elf.R_AARCH64_MOVW_UABS_G0, 0x10000, true},
		{elf.R_AARCH64_MOVW_UABS_G1, 1 << 32, true},
		{elf.R_AARCH64_MOVW_UABS_G2, 1 << 48, true},
		{elf.R_AARCH64_ABS32, 1<<32 - 1, false},
		{elf.R_AARCH64_ABS32, 1 << 32, true},
		{elf.R_AARCH64_ABS32, -1 << 31 & (1<<64 - 1), false},
		{elf.R_AARCH64_ABS16, 1 << 16, true},
		{elf.R_AARCH64_PREL32, p + 1<<31 - 1, false},
		{elf.R_AARCH64_PREL32, p + 1<<31, true},
		{elf.R_AARCH64_PREL16, p + 1<<15, true},
		{elf.R_AARCH64_ADR_GOT_PAGE, p, true},
		{elf.R_AARCH64_TLSLE_ADD_TPREL_LO12, p, true},
		{elf.R_AARCH64(9999), p, true},
	} {
		err := relocate(make([]byte, 8), tt.kind, tt.x, p)
		if (err != nil) != tt.wrong {
			t.Errorf("%v to 0x%x at 0x%x: error %v", tt.kind, tt.x, p, err)
		}
		if err != nil && !errors.Is(err, ErrReloc) {
			t.Errorf("%v: %v is not ErrReloc", tt.kind, err)
		}
	}
	for _, kind := range []elf.R_AARCH64{elf.R_AARCH64_ABS64, elf.R_AARCH64_CALL26, elf.R_AARCH64_ADD_ABS_LO12_NC} {
		if err := relocate(make([]byte, 3), kind, p, p); !errors.Is(err, ErrReloc) {
			t.Errorf("%v in 3 bytes: %v", kind, err)
		}
	}
}

// TestELFErrors breaks good files in one place each.
func TestELFErrors(t *testing.T) {
	put16 := func(off int, v uint16) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint16(b[off:], v); return b }
	}
	put64 := func(off int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint64(b[off:], v); return b }
	}
	// sectionField returns where a section header's field is in the file.
	sectionField := func(path, name string, field uint64) int {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := readELF(&file{path, data})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range f.sections {
			if s.name == name {
				return int(s.at + field)
			}
		}
		t.Fatalf("%s: no section %s", path, name)
		return 0
	}
	const prog, relocs, lib, gz = "testdata/elf/prog", "testdata/elf/relocs.o", "testdata/elf/lib.so",
		"testdata/elf/prog.gz.o"
	const ph = 64 // program headers follow the ELF header
	contents := func(path, name string) int {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return int(le.Uint64(data[sectionField(path, name, 24):]))
	}
	symtab := contents(prog, ".symtab")
	rela, frame := contents(relocs, ".rela.text"), contents(gz, ".debug_frame")
	for _, tt := range []struct {
		name, path string
		change     func([]byte) []byte
		want       string
		reason     error
	}{
		{"empty", prog, func(b []byte) []byte { return nil }, "0x0: not a file that holds arm64 code", ErrFormat},
		{"no magic", prog, func(b []byte) []byte {
			b[1] = 'e'
			return b
		}, "0x0: not a file that holds arm64 code", ErrFormat},
		{"short header", prog, func(b []byte) []byte {
			return b[:40]
		}, "0x0: the ELF header (0x40 bytes at 0x0) reaches beyond the end of the file (0x28 bytes)", nil},
		{"x86", prog, put16(18, 62), "0x12: not little-endian 64-bit AArch64: ELF machine is EM_X86_64", ErrArch},
		{"32 bits", prog, func(b []byte) []byte {
			b[4] = 1
			return b
		}, "0x4: not little-endian 64-bit AArch64: ELF class is ELFCLASS32", ErrArch},
		{"big endian", prog, func(b []byte) []byte {
			b[5] = 2
			return b
		}, "0x5: not little-endian 64-bit AArch64: ELF byte order is ELFDATA2MSB", ErrArch},
		{"core", prog, put16(16, 4), "0x10: ELF type ET_CORE holds no code to run", nil},
		{"truncated", prog, func(b []byte) []byte { return b[:len(b)-1] }, "reaches beyond the end of the file", nil},
		{"segment beyond the file", prog, put64(ph+32, 1<<40),
			"0x40: the segment at 0x400000 has more bytes in the file (0x10000000000) than in memory", nil},
		{"segment offset", prog, put64(ph+8, 1<<63),
			"0x40: a segment (0x1f8 bytes at 0x8000000000000000) reaches beyond", nil},
		{"huge segment", prog, put64(ph+40, 1<<50), "0x40: segments of more than 0x40000000 bytes", nil},
		{"overlap", prog, put64(ph+40, 0x2000), "0x78: the segment at 0x401f90 overlaps the one at 0x400000", nil},
		{"same address", prog, put64(ph+56+16, 0x400000), "overlaps the one at 0x400000", nil},
		{"wraps", prog, put64(ph+56+16, ^uint64(0xff)),
			"0x78: the segment at 0xffffffffffffff00 (0x1050 bytes) wraps around the address space", nil},
		{"no segments", prog, put16(56, 0), "0x20: no segment to load", nil},
		{"program header size", prog, put16(54, 32), "0x36: program headers of 32 bytes, not 56", nil},
		{"section header size", prog, put16(58, 40), "0x3a: section headers of 40 bytes, not 64", nil},
		{"many sections", prog, put16(60, 0), "0x3c: more than 65279 sections are not supported", nil},
		{"section table", prog, put64(40, 1<<62), "0x28: the section header table", nil},
		{"section names", prog, put16(62, 99), "0x3e: the string table, section 99, doesn't exist: there are", nil},
		{"section in another place than its segment", prog, put64(sectionField(prog, ".text", 24), 0x121),
			"section .text: address 0x400120 is loaded from file offset 0x120, not from 0x121 as the section says",
			nil},
		{"section larger than its segment", prog, put64(sectionField(prog, ".eh_frame", 32), 0x70),
			"section .eh_frame: its 0x70 bytes at 0x400190 reach beyond what is loaded", nil},
		{"alignment", prog, put64(sectionField(prog, ".text", 48), 3), "section 1: alignment 0x3 is not a power of two",
			nil},
		{"sections share bytes", prog, func(b []byte) []byte {
			return put64(sectionField(prog, ".comment", 24),
				0)(put64(sectionField(prog, ".comment", 32), uint64(len(b)))(b))
		}, "the sections hold more bytes than the file: they overlap", nil},
		{"no symbols", prog, put16(sectionField(prog, ".symtab", 4), 1),
			"0x0: no symbols: the file has no symbol table", ErrNoSymbols},
		{"no section headers", prog, put64(40, 0), "0x0: no symbols: the file has no symbol table", ErrNoSymbols},
		{"empty symbol table", prog, put64(sectionField(prog, ".symtab", 32), 24),
			"no symbols: section .symtab names no place", ErrNoSymbols},
		{"symbol size", prog, put64(sectionField(prog, ".symtab", 56), 16),
			"section .symtab: 0x288 bytes of symbols with 0x10 bytes each, not 0x18", nil},
		{"symbol's section", prog, put16(symtab+24*9+6, 99), `symbol "each" is in section 99, which doesn't exist`,
			nil},
		{"symbol's name", prog, put16(symtab+24*9, 0xfff), "name at 0xfff of a string table of 0x", nil},
		{"symbol's name without end", prog, func(b []byte) []byte {
			at, size := contents(prog, ".strtab"), sectionField(prog, ".strtab", 32)
			b[at+int(le.Uint64(b[size:]))-1] = 'x'
			return b
		}, "of the string table has no end", nil},
		{"string table", prog, put16(sectionField(prog, ".symtab", 40), 77),
			"the string table, section 77, doesn't exist", nil},
		{"nothing to load", relocs, func(b []byte) []byte {
			for _, s := range []string{".text", ".text.second", ".rodata", ".data", ".bss"} {
				le.PutUint64(b[sectionField(relocs, s, 8):], 0)
			}
			return b
		}, "0x28: no section to load", ErrEmpty},
		{"large alignment", relocs, put64(sectionField(relocs, ".text", 48), 1<<40),
			"section .text: 0x74 bytes aligned to 0x10000000000 don't fit in 0x40000000 bytes from base 0x10000", nil},
		{"large bss", relocs, put64(sectionField(relocs, ".bss", 32), 1<<62),
			"section .bss: 0x4000000000000000 bytes aligned to 0x40 don't fit", nil},
		{"relocation of nothing", relocs, put16(sectionField(relocs, ".rela.text", 44), 50),
			"section .rela.text: the section it relocates, 50, doesn't exist", nil},
		{"other symbols", relocs, put16(sectionField(relocs, ".rela.text", 40), 1),
			"section .rela.text: its symbols are in section 1, not in the symbol table, section 9", nil},
		{"half a relocation", relocs, put64(sectionField(relocs, ".rela.text", 32), 25),
			"section .rela.text: 0x19 bytes are not a whole number of relocations", nil},
		{"no addends", relocs, put16(sectionField(relocs, ".rela.text", 4), 9),
			"section .rela.text: relocations without addends, which AArch64 doesn't use", nil},
		{"foreign relocation", relocs, put16(rela+8, 999),
			`R_AARCH64(999) at .text+0x0, symbol "callee": unknown relocation type`, ErrReloc},
		{"relocation outside", relocs, put64(rela, 0x74),
			`0x478: R_AARCH64_CALL26 at .text+0x74, symbol "callee": the section ends within it`, ErrReloc},
		{"relocation far outside", relocs, put64(rela, 1<<63),
			`0x478: R_AARCH64_CALL26 at .text+0x8000000000000000, symbol "callee": the section has no contents there`,
			ErrReloc},
		{"relocation's symbol", relocs, func(b []byte) []byte {
			le.PutUint32(b[rela+12:], 1000)
			return b
		}, "0x478: R_AARCH64_CALL26 at .text+0x0 refers to symbol 1000 of 29", nil},
		{"dynamic relocation outside", lib, put64(contents(lib, ".rela.dyn"), 0x9000),
			"0x290: R_AARCH64_RELATIVE is for address 0x9000, where nothing is loaded", nil},
		{"compression", gz, put16(frame, 2), "section .debug_frame: compression COMPRESS_ZSTD is not supported", nil},
		{"uncompressed size", gz, put64(frame+8, 17),
			"section .debug_frame: uncompressed size is not the 0x11 bytes announced", nil},
		{"compressed data", gz, put16(frame+30, 0xffff), "section .debug_frame: ", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, err := os.ReadFile(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			im, err := Parse("FILE", tt.change(data), fromMap(relocSymbols))
			if im != nil || err == nil {
				t.Fatalf("image %v, error %v", im != nil, err)
			}
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "FILE: 0x") ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%#v is not a one-line *Error", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error  %s\nwants  %s", err, tt.want)
			}
			if tt.reason != nil && !errors.Is(err, tt.reason) {
				t.Errorf("%v is not %v", err, tt.reason)
			}
		})
	}
}

func TestOptionErrors(t *testing.T) {
	for _, tt := range []struct {
		path, want string
		option     Option
		reason     error
	}{
		{"prog", "0x10: an executable (ET_EXEC) can't be moved", At(0x10000), nil},
		{"lib.so", "base 0x10001 is not a multiple of 0x1000", At(0x10001), nil},
		{"relocs.o", `R_AARCH64_CALL26 at .text+0x4, symbol "outside": undefined symbol`, At(0x10000), ErrUndefined},
		{"names.o", "don't fit in 0x40000000 bytes from base 0xfffffffffffff000", At(1<<64 - 0x1000), nil},
	} {
		im, err := Load(filepath.Join("testdata/elf", tt.path), tt.option)
		if im != nil || err == nil || !strings.Contains(err.Error(), tt.want) || tt.reason != nil &&
			!errors.Is(err, tt.reason) {
			t.Errorf("%s: image %v, error %v; want %s", tt.path, im != nil, err, tt.want)
		}
	}
	if _, err := Load("testdata/elf/nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that doesn't exist: %v", err)
	}
}

// TestInflateBomb checks that a small section can't become a large one unnoticed.
func TestInflateBomb(t *testing.T) {
	var z bytes.Buffer
	z.Write(make([]byte, chdrSize))
	w := zlib.NewWriter(&z)
	w.Write(make([]byte, 1<<22))
	w.Close()
	data := z.Bytes()
	le.PutUint32(data, uint32(elf.COMPRESS_ZLIB))
	for _, announced := range []uint64{100, 1 << 60} {
		le.PutUint64(data[8:], announced)
		f := elfFile{file: &file{"bomb", data}}
		got, err := f.inflate(&elfSection{name: debugFrame, size: uint64(len(data)), data: data})
		if err == nil || got != nil {
			t.Errorf("%d bytes announced: %d bytes, %v", announced, len(got), err)
		}
	}
}
