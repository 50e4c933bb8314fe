// SPDX-License-Identifier: GPL-2.0-only

package sframe

// A Section is a whole SFrame section. What the header counts and where it points to is not kept: [Section.Encode]
// computes it.
type Section struct {
	Version Version
	Flags   Flags
	ABI     ABI
	FixedFP int8   // offset of the saved FP from the CFA when it is the same everywhere, else 0
	FixedRA int8   // offset of the saved RA from the CFA when it is the same everywhere (AMD64: -8), else 0
	Aux     []byte // auxiliary header, at most 255 bytes; none is defined yet
	Addr    uint64 // address at which the section is loaded
	FDEs    []FDE
}

// PCType says how the start offsets of rows are compared with the program counter.
type PCType uint8

const (
	// Inc rows count bytes from the start of the function.
	Inc PCType = iota
	// Mask rows count bytes from the start of a block that is repeated over the whole function, like a PLT entry.
	Mask
)

// FDEType says how the data words of rows are to be understood. V1 and V2 know only Default.
type FDEType uint8

const (
	// Default rows hold offsets in the order CFA, RA, FP, as far as the ABI tracks them.
	Default FDEType = iota
	// Flexible rows hold pairs of control word and offset for CFA, RA and FP; see [ControlWord].
	Flexible
)

// An FDE describes one function.
type FDE struct {
	Start   uint64 // address of the function
	Size    uint32 // in bytes
	PCType  PCType
	RepSize uint8 // size in bytes of the block that a Mask function repeats; not in V1
	Type    FDEType
	BKey    bool // AArch64: return addresses are signed with key B, else A
	Signal  bool // V3: signal frame

	// Width is the size in bytes of the start offsets of the rows: 1, 2 or 4, or 0 for what GNU as would choose.
	Width uint8

	// FREOffset is where Decode found the FDE's data, in bytes from the start of the FRE sub-section. Encode places the
	// data of all FDEs in the order of their FREOffset (those with the same in the order of the FDEs), closely packed.
	FREOffset uint32

	// FREs are the rows, by increasing start. A Default FDE of V3 without any describes an outermost frame.
	FREs []FRE
}

// An FRE is a row: how to unwind from Start up to the start of the next row or the end of the function.
type FRE struct {
	Start   uint32 // in bytes from the start of the function (Mask: of the repeated block)
	Base    Base   // of the CFA: SP or FP. Flexible rows name their register in a control word
	Mangled bool   // AArch64: the return address is signed
	// WordSize is the size in bytes of each data word: 1, 2 or 4, or 0 for what GNU as would choose.
	WordSize uint8
	// Words are the data words, at most 15. None at all says that the RA is undefined: an outermost frame (erratum 2 of
	// V2).
	Words []int32
}

// Base is the register to which the CFA offset is added.
type Base uint8

const (
	FP    Base = iota // frame pointer
	SP                // stack pointer
	Other             // a register that a flexible row names
)

// String returns the name as dumps spell it.
func (b Base) String() string {
	switch b {
	case FP:
		return "fp"
	case SP:
		return "sp"
	default:
		return "reg"
	}
}

// A ControlWord says how to use the offset that follows it in a [Flexible] row. 0 is padding: it has no offset, and
// the value is recovered as if the row didn't mention it.
type ControlWord uint32

// NewControlWord composes a control word. When useReg is false the offset is relative to the CFA, and reg must be 0.
func NewControlWord(reg uint32, useReg, deref bool) ControlWord {
	c := ControlWord(reg) << 3
	if useReg {
		c |= 1
	}
	if deref {
		c |= 2
	}
	return c
}

// UsesReg says whether the offset is relative to the register Reg, else to the CFA.
func (c ControlWord) UsesReg() bool { return c&1 != 0 }

// Deref says whether the value is loaded from the resulting address, else it is the address.
func (c ControlWord) Deref() bool { return c&2 != 0 }

// Reg is the DWARF number of the register.
func (c ControlWord) Reg() uint32 { return uint32(c >> 3) }
