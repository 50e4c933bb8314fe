// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// Kind is the kind of section, which decides how entries and pointers are stored.
type Kind uint8

const (
	EHFrame    Kind = iota // .eh_frame: loaded with the code, pointers encoded as the CIE says
	DebugFrame             // .debug_frame: debugging information, pointers absolute
	LSDA                   // .gcc_except_table: language-specific data, which only [ParseLSDA] reads
)

func (k Kind) String() string {
	switch k {
	case EHFrame:
		return ".eh_frame"
	case DebugFrame:
		return ".debug_frame"
	case LSDA:
		return ".gcc_except_table"
	}
	return fmt.Sprintf("section of kind %d", uint8(k))
}

// A Config says what a section can't tell of itself. The zero Config is right for what GNU and LLVM tools
// produce for little-endian AArch64.
type Config struct {
	// TextBase and DataBase are what pointers of the kinds DW_EH_PE_textrel and DW_EH_PE_datarel are relative to: the
	// address of .text, and that of the global offset table (or, inside .eh_frame_hdr, of that section). Pointers
	// of these kinds are refused while their base is 0.
	TextBase, DataBase uint64

	// ByteOrder is that of the code's data; nil means little-endian.
	ByteOrder binary.ByteOrder
}

// Info is a parsed section.
type Info struct {
	// FDEs, sorted by start address; those that start together in the order of the section.
	FDEs []*FDE

	sec    *section
	starts []uint64 // of FDEs: what a search looks at, close together in memory
	maxEnd []uint64 // the highest end of FDEs[:i+1]: where a search among overlapping functions may stop
}

// A CIE, Common Information Entry, holds what several functions share.
type CIE struct {
	Offset         uint64 // of the entry in the section
	Version        uint8  // 1, 3 or 4
	Augmentation   string // letters that say which further fields there are, such as "zR"
	CodeAlign      uint64 // what advances are multiples of: 4, or 1
	DataAlign      int64  // what most offsets are multiples of: -8
	ReturnRegister Register
	SignalFrame    bool // 'S': the frames are those of interrupted code; the caller's PC isn't a return address
	BKey           bool // 'B': return addresses are signed with the B key, not the A key
	MTETagged      bool // 'G': the function may change the memory tags of its stack frame

	enc        pointerEncoding // of addresses in the FDEs
	lsdaEnc    pointerEncoding // of the pointers to language-specific data in the FDEs
	sized      bool            // 'z': FDEs tell how long their augmentation data is
	begin, end int             // the initial instructions, as section offsets
}

// An FDE, Frame Description Entry, covers the instructions from Start up to End, not included.
type FDE struct {
	Offset     uint64 // of the entry in the section
	Start, End uint64 // addresses
	LSDA       uint64 // address of the language-specific data, which [ParseLSDA] reads; 0: there is none
	CIE        *CIE

	sec        *section
	begin, end int // the instructions, as section offsets
	table      atomic.Pointer[table]
}

func (f *FDE) String() string {
	return fmt.Sprintf("FDE %v+%#x pc=%#x..%#x", f.sec.kind, f.Offset, f.Start, f.End)
}

// Parse reads a section that starts at address addr, with the zero [Config].
func Parse(data []byte, addr uint64, kind Kind) (*Info, error) {
	return Config{}.Parse(data, addr, kind)
}

// Parse reads all entries of a section that starts at address addr. The programs of the entries are run only when
// they are asked for, so that one bad program spoils no more than its function. The data is kept, not copied, and
// must not change.
//
// Errors are of type *[Error] and wrap [ErrMalformed] or [ErrUnsupported].
func (c Config) Parse(data []byte, addr uint64, kind Kind) (*Info, error) {
	sec := &section{data: data, addr: addr, kind: kind, order: c.ByteOrder, textBase: c.TextBase, dataBase: c.DataBase}
	if sec.order == nil {
		sec.order = binary.LittleEndian
	}
	if kind != EHFrame && kind != DebugFrame {
		return nil, &Error{Kind: kind, Err: unsupported("kind of section %d", uint8(kind))}
	}
	entries, err := sec.entries()
	if err != nil {
		return nil, err
	}
	cies := make(map[uint64]*CIE)
	for _, e := range entries {
		if !e.isCIE {
			continue
		}
		cie, err := sec.parseCIE(e)
		if err != nil {
			return nil, err
		}
		cies[e.offset] = cie
	}
	info := &Info{sec: sec}
	for _, e := range entries {
		if e.isCIE {
			continue
		}
		fde, err := sec.parseFDE(e, cies)
		if err != nil {
			return nil, err
		}
		info.FDEs = append(info.FDEs, fde)
	}
	info.index()
	return info, nil
}
