// SPDX-License-Identifier: GPL-2.0-only

package sframe

import "fmt"

// Version is the version of the format.
type Version uint8

// The versions published so far. V1 is obsolete; GNU as 2.41 to 2.45 write V2, later ones V3.
const (
	V1 Version = 1
	V2 Version = 2
	V3 Version = 3
)

// String returns the name that the specification gives to a version.
func (v Version) String() string { return fmt.Sprintf("SFRAME_VERSION_%d", uint8(v)) }

// Flags are the section-wide flags of the header.
type Flags uint8

const (
	// FDESorted says that the FDEs are sorted by the address of their function.
	FDESorted Flags = 0x1
	// FramePointer says that all functions preserve the frame pointer. V1 and V2 only.
	FramePointer Flags = 0x2
	// FuncStartPCRel says that the start of a function is relative to the field that holds it; without it, it is
	// relative to the start of the section. Erratum 1 of V2, and V3.
	FuncStartPCRel Flags = 0x4
)

// flagsOf returns the flags that a version defines.
func flagsOf(v Version) Flags {
	switch v {
	case V1:
		return FDESorted | FramePointer
	case V2:
		return FDESorted | FramePointer | FuncStartPCRel
	default:
		return FDESorted | FuncStartPCRel
	}
}

// ABI identifies architecture, calling convention and byte order.
type ABI uint8

// The ABIs that the format knows.
const (
	AArch64BE ABI = 1
	AArch64LE ABI = 2
	AMD64     ABI = 3
	S390X     ABI = 4
)

// String returns the usual name of the ABI.
func (a ABI) String() string {
	switch a {
	case AArch64BE:
		return "AArch64 big-endian"
	case AArch64LE:
		return "AArch64 little-endian"
	case AMD64:
		return "AMD64"
	case S390X:
		return "s390x"
	default:
		return fmt.Sprintf("ABI %d", uint8(a))
	}
}

func (a ABI) known() bool { return a >= AArch64BE && a <= S390X }

func (a ABI) isAArch64() bool { return a == AArch64BE || a == AArch64LE }

func (a ABI) order() byteOrder { return byteOrder{big: a == AArch64BE || a == S390X} }

// SP and FP return the DWARF numbers of the registers that rows call SP and FP. On s390x FP is r11, the preferred one.
func (a ABI) SP() uint32 {
	switch a {
	case AMD64:
		return 7
	case S390X:
		return 15
	default:
		return 31
	}
}

// FP is the counterpart of [ABI.SP].
func (a ABI) FP() uint32 {
	switch a {
	case AMD64:
		return 6
	case S390X:
		return 11
	default:
		return 29
	}
}

// cfaOffset returns the offset from the base register to the CFA, as a data word encodes it. On s390x the offset is
// stored less the 160 bytes that the ABI puts between SP at the call and the CFA, in units of 8 bytes (specification,
// "s390x").
func cfaOffset(a ABI, word int32) int64 {
	if a == S390X {
		return int64(word)*8 + 160
	}
	return int64(word)
}
