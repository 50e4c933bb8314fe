// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"stacksweep/image"
	"stacksweep/scenarios/corpus"
)

// Corpus returns the file of the corpus with what a debugger needs besides: backtraces end in the trampolines, a
// function begins where its symbol is, in DWARF as well, and the sources, which are a folder src, are found in the one
// that is named.
func Corpus(sources string) ([]byte, error) {
	file := corpus.ELF()
	for _, change := range []func([]byte) ([]byte, error){
		func(file []byte) ([]byte, error) { return beginAtSymbols(file, corpus.Image()) },
		func(file []byte) ([]byte, error) { return sourcesIn(file, "src", sources) },
		func(file []byte) ([]byte, error) { return EndAt(file, trampolines(corpus.Image())) },
	} {
		var err error
		if file, err = change(file); err != nil {
			return nil, fmt.Errorf("corpus: %w", err)
		}
	}
	return file, nil
}

// trampolines returns the functions of the corpus to which others are made to return, in all their variants. They are
// assembly; what they call is C, and may have similar names.
func trampolines(im *image.Image) (all []image.Symbol) {
	for s := range im.Symbols.All() {
		hook := strings.HasPrefix(s.Name, "return_to_handler") || strings.HasPrefix(s.Name, "kretprobe_trampoline")
		if file, _, _ := strings.Cut(corpus.SourceLine(s.Addr), ":"); hook && strings.HasSuffix(file, ".S") {
			all = append(all, s)
		}
	}
	return all
}

// beginAtSymbols moves the start of functions in .debug_info and .debug_line to where their symbols are, and with it
// where their arguments are in registers. gcc 12 describes a function with -fpatchable-function-entry as beginning
// after the NOPs, with which a debugger takes symbol and description for two functions. It also splits functions and
// inlines a part into the rest, which a debugger takes for a second copy of the function; that is taken out.
//
// The start, DW_AT_low_pc, is an address of 8 bytes, followed by the length, DW_AT_high_pc, of 8 too.
func beginAtSymbols(file []byte, im *image.Image) ([]byte, error) {
	f, all, err := readDWARF(file)
	if err != nil {
		return nil, err
	}
	file = bytes.Clone(file)
	info, lines := contents(file, f, ".debug_info"), contents(file, f, ".debug_line")
	lists := contents(file, f, ".debug_loclists")
	var outer dwarf.Offset // what the function that was begun last is described by
	var unit uint64        // where the unit begins
	var was, begin uint64  // that function, if it has been moved and its arguments follow
	for r := all.Reader(); ; {
		die, err := r.Next()
		if err != nil || die == nil {
			return file, err
		}
		low, ok := die.Val(dwarf.AttrLowpc).(uint64)
		length, sized := die.Val(dwarf.AttrHighpc).(int64)
		origin, _ := die.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if die.Tag != dwarf.TagFormalParameter {
			begin = 0
		}
		switch {
		case die.Tag == dwarf.TagCompileUnit:
			unit = low
		case die.Tag == dwarf.TagFormalParameter:
			if list, ok := die.Val(dwarf.AttrLocation).(int64); ok && begin != 0 {
				beginLocation(lists[list:], was-unit, begin-unit)
			}
		case !ok || !sized:
		case die.Tag == dwarf.TagSubprogram:
			outer = origin
			s, ok := im.Symbols.At(low)
			if !ok || s.Addr == low || s.Size != low-s.Addr+uint64(length) {
				continue
			}
			if !setBounds(info[die.Offset:], low, uint64(length), s.Addr, s.Size) {
				return nil, fmt.Errorf("%s: no start and length in .debug_info", s.Name)
			}
			if !beginLines(lines, low, s.Addr) {
				return nil, fmt.Errorf("%s: its line can't be moved to %#x", s.Name, s.Addr)
			}
			was, begin = low, s.Addr
		case die.Tag == dwarf.TagInlinedSubroutine && origin == outer && origin != 0:
			if !setBounds(info[die.Offset:], low, uint64(length), low, 0) {
				return nil, fmt.Errorf("%#x: no start and length in .debug_info", low)
			}
		}
	}
}

// beginLocation moves the start of the first location in a list, if it is one with offsets from the unit's start. The
// new offset takes as many bytes as the old one.
func beginLocation(list []byte, was, now uint64) {
	const offsetPair = 0x04 // DW_LLE_offset_pair
	if len(list) == 0 || list[0] != offsetPair {
		return
	}
	if start, n := binary.Uvarint(list[1:]); n > 0 && start == was {
		for i := 1; i <= n; i++ {
			list[i] = byte(now)&0x7f | 0x80
			now >>= 7
		}
		list[n] &= 0x7f
	}
}

// readDWARF opens an ELF file and what it has of DWARF.
func readDWARF(file []byte) (*elf.File, *dwarf.Data, error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	all, err := f.DWARF()
	return f, all, err
}

// contents returns the bytes of a section in a file, to be changed.
func contents(file []byte, f *elf.File, name string) []byte {
	s := f.Section(name)
	if s == nil {
		return nil
	}
	return file[s.Offset : s.Offset+s.FileSize]
}

// setBounds changes the first start and length that are as given.
func setBounds(info []byte, start, length, newStart, newLength uint64) bool {
	le := binary.LittleEndian
	at := bytes.Index(info, le.AppendUint64(le.AppendUint64(nil, start), length))
	if at < 0 {
		return false
	}
	copy(info[at:], le.AppendUint64(le.AppendUint64(nil, newStart), newLength))
	return true
}
