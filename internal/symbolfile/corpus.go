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

// Corpus returns the file of the corpus with what a debugger needs besides: backtraces end in the trampolines, and a
// function's description in DWARF begins where the function does.
func Corpus() ([]byte, error) {
	file, err := beginAtSymbols(corpus.ELF(), corpus.Image())
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	if file, err = EndAt(file, trampolines(corpus.Image())); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
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

// beginAtSymbols moves the start of functions in .debug_info to where their symbols are. gcc 12 describes a function
// with -fpatchable-function-entry as beginning after the NOPs, with which a debugger takes symbol and description for
// two functions. The start, DW_AT_low_pc, is an address of 8 bytes, followed by the length, DW_AT_high_pc, of 8 too.
func beginAtSymbols(file []byte, im *image.Image) ([]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	all, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	file = bytes.Clone(file)
	section := f.Section(".debug_info")
	info := file[section.Offset : section.Offset+section.FileSize]
	for r := all.Reader(); ; {
		die, err := r.Next()
		if err != nil || die == nil {
			return file, err
		}
		low, ok := die.Val(dwarf.AttrLowpc).(uint64)
		length, sized := die.Val(dwarf.AttrHighpc).(int64)
		if die.Tag != dwarf.TagSubprogram || !ok || !sized {
			continue
		}
		s, ok := im.Symbols.At(low)
		if !ok || s.Addr == low || s.Size != low-s.Addr+uint64(length) {
			continue
		}
		le := binary.LittleEndian
		was := le.AppendUint64(le.AppendUint64(nil, low), uint64(length))
		at := bytes.Index(info[die.Offset:], was)
		if at < 0 {
			return nil, fmt.Errorf("%s: no start and length in .debug_info", s.Name)
		}
		copy(info[int(die.Offset)+at:], le.AppendUint64(le.AppendUint64(nil, s.Addr), s.Size))
	}
}
