// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"debug/elf"
	"fmt"
	"strings"
)

// rela is an ELF64 relocation with its addend.
type rela struct {
	offset uint64
	kind   elf.R_AARCH64
	symbol uint32
	addend uint64
}

func readRela(b []byte) rela {
	info := le.Uint64(b[8:])
	return rela{offset: le.Uint64(b), kind: elf.R_AARCH64(uint32(info)), symbol: uint32(info >> 32),
		addend: le.Uint64(b[16:])}
}

// Relocation types of the ABI that debug/elf has no names for.
const (
	rMovwPrelG0       elf.R_AARCH64 = 287
	rMovwPrelG0NC     elf.R_AARCH64 = 288
	rMovwPrelG1       elf.R_AARCH64 = 289
	rMovwPrelG1NC     elf.R_AARCH64 = 290
	rMovwPrelG2       elf.R_AARCH64 = 291
	rMovwPrelG2NC     elf.R_AARCH64 = 292
	rMovwPrelG3       elf.R_AARCH64 = 293
	rMovwGotOffG0     elf.R_AARCH64 = 300
	rMovwGotOffG0NC   elf.R_AARCH64 = 301
	rMovwGotOffG1     elf.R_AARCH64 = 302
	rMovwGotOffG1NC   elf.R_AARCH64 = 303
	rMovwGotOffG2     elf.R_AARCH64 = 304
	rMovwGotOffG2NC   elf.R_AARCH64 = 305
	rMovwGotOffG3     elf.R_AARCH64 = 306
	rLD64GotOffLO15   elf.R_AARCH64 = 310
	rLD64GotPageLO15  elf.R_AARCH64 = 313
	rPLT32            elf.R_AARCH64 = 314
	rGotPCRel32       elf.R_AARCH64 = 315
	rTLSGDAdrPrel21   elf.R_AARCH64 = 512
	rTLSGDMovwG1      elf.R_AARCH64 = 515
	rTLSGDMovwG0NC    elf.R_AARCH64 = 516
	rTLSLDAdrPrel21   elf.R_AARCH64 = 517
	rTLSLDAdrPage21   elf.R_AARCH64 = 518
	rTLSLDAddLO12NC   elf.R_AARCH64 = 519
	rTLSLDAddHI12     elf.R_AARCH64 = 528 // …_DTPREL_… up to 538
	rTLSLDAddLO12     elf.R_AARCH64 = 529
	rTLSLDAddDLO12NC  elf.R_AARCH64 = 530
	rTLSLDLdst8       elf.R_AARCH64 = 531
	rTLSLDLdst64NC    elf.R_AARCH64 = 538
	rTLSLELdst8       elf.R_AARCH64 = 552
	rTLSLELdst64NC    elf.R_AARCH64 = 559
	rTLSDescCall      elf.R_AARCH64 = 569
	rTLSLELdst128     elf.R_AARCH64 = 570
	rTLSLELdst128NC   elf.R_AARCH64 = 571
	rTLSDescLDPrel19  elf.R_AARCH64 = 560
	rTLSDescAdrPrel21 elf.R_AARCH64 = 561
)

// otherNames are the names of those that users meet.
var otherNames = map[elf.R_AARCH64]string{
	rLD64GotOffLO15: "R_AARCH64_LD64_GOTOFF_LO15", rLD64GotPageLO15: "R_AARCH64_LD64_GOTPAGE_LO15",
	rPLT32:      "R_AARCH64_PLT32",
	rGotPCRel32: "R_AARCH64_GOTPCREL32",
}

// typeName is the name of a relocation type, its number if it has none.
func typeName(kind elf.R_AARCH64) string {
	if name, ok := otherNames[kind]; ok {
		return name
	}
	if name := kind.String(); !strings.Contains(name, "+") {
		return name
	}
	return fmt.Sprintf("R_AARCH64(%d)", uint32(kind))
}

// relocError is a reason why a relocation can't be applied.
type relocError string

func (e relocError) Error() string   { return string(e) }
func (e relocError) Is(t error) bool { return t == ErrReloc }

// relocate changes the bytes at place, which has address p, to refer to the address (or number) x = S+A.
// "Relocation types" of the AArch64 ELF ABI (aaelf64) gives the operation, the field and the range of each type.
func relocate(place []byte, kind elf.R_AARCH64, x, p uint64) error {
	page := func(a uint64) uint64 { return a &^ (pageSize - 1) }
	switch kind {
	case elf.R_AARCH64_ABS64:
		return putData(place, 8, x, true)
	case elf.R_AARCH64_ABS32:
		return putData(place, 4, x, fitsData(x, 32))
	case elf.R_AARCH64_ABS16:
		return putData(place, 2, x, fitsData(x, 16))
	case elf.R_AARCH64_PREL64:
		return putData(place, 8, x-p, true)
	case elf.R_AARCH64_PREL32:
		return putData(place, 4, x-p, fitsSigned(x-p, 32))
	case elf.R_AARCH64_PREL16:
		return putData(place, 2, x-p, fitsSigned(x-p, 16))

	case elf.R_AARCH64_CALL26, elf.R_AARCH64_JUMP26:
		return putBranch(place, x-p, 26, 0)
	case elf.R_AARCH64_CONDBR19, elf.R_AARCH64_LD_PREL_LO19:
		return putBranch(place, x-p, 19, 5)
	case elf.R_AARCH64_TSTBR14:
		return putBranch(place, x-p, 14, 5)

	case elf.R_AARCH64_ADR_PREL_LO21:
		return putADR(place, x-p, fitsSigned(x-p, 21))
	case elf.R_AARCH64_ADR_PREL_PG_HI21:
		d := page(x) - page(p)
		return putADR(place, signedShift(d, 12), fitsSigned(d, 33))
	case elf.R_AARCH64_ADR_PREL_PG_HI21_NC:
		return putADR(place, signedShift(page(x)-page(p), 12), true)

	case elf.R_AARCH64_ADD_ABS_LO12_NC, elf.R_AARCH64_LDST8_ABS_LO12_NC:
		return putLow12(place, x, 0)
	case elf.R_AARCH64_LDST16_ABS_LO12_NC:
		return putLow12(place, x, 1)
	case elf.R_AARCH64_LDST32_ABS_LO12_NC:
		return putLow12(place, x, 2)
	case elf.R_AARCH64_LDST64_ABS_LO12_NC:
		return putLow12(place, x, 3)
	case elf.R_AARCH64_LDST128_ABS_LO12_NC:
		return putLow12(place, x, 4)

	case rPLT32:
		return putData(place, 4, x-p, fitsSigned(x-p, 32))
	}
	return relocateMove(place, kind, x, p)
}

// relocateMove is relocate for groups of MOVZ, MOVN and MOVK, and refuses what is not known.
func relocateMove(place []byte, kind elf.R_AARCH64, x, p uint64) error {
	switch kind {
	case elf.R_AARCH64_MOVW_UABS_G0:
		return putMove(place, x, 0, true)
	case elf.R_AARCH64_MOVW_UABS_G0_NC:
		return putMove(place, x, 0, false)
	case elf.R_AARCH64_MOVW_UABS_G1:
		return putMove(place, x, 1, true)
	case elf.R_AARCH64_MOVW_UABS_G1_NC:
		return putMove(place, x, 1, false)
	case elf.R_AARCH64_MOVW_UABS_G2:
		return putMove(place, x, 2, true)
	case elf.R_AARCH64_MOVW_UABS_G2_NC:
		return putMove(place, x, 2, false)
	case elf.R_AARCH64_MOVW_UABS_G3:
		return putMove(place, x, 3, false)
	case elf.R_AARCH64_MOVW_SABS_G0:
		return putSignedMove(place, x, 0, true)
	case elf.R_AARCH64_MOVW_SABS_G1:
		return putSignedMove(place, x, 1, true)
	case elf.R_AARCH64_MOVW_SABS_G2:
		return putSignedMove(place, x, 2, true)
	case rMovwPrelG0:
		return putSignedMove(place, x-p, 0, true)
	case rMovwPrelG1:
		return putSignedMove(place, x-p, 1, true)
	case rMovwPrelG2:
		return putSignedMove(place, x-p, 2, true)
	case rMovwPrelG3:
		return putSignedMove(place, x-p, 3, false)
	case rMovwPrelG0NC:
		return putMove(place, x-p, 0, false)
	case rMovwPrelG1NC:
		return putMove(place, x-p, 1, false)
	case rMovwPrelG2NC:
		return putMove(place, x-p, 2, false)
	}
	return relocError("unknown relocation type")
}

// fitsSigned reports whether x, as a signed number, fits in n bits.
func fitsSigned(x uint64, n int) bool {
	v := int64(x)
	return v >= -1<<(n-1) && v < 1<<(n-1)
}

// fitsData reports whether x fits in n bits as a signed or as an unsigned number: aaelf64 lets data be either.
func fitsData(x uint64, n int) bool { return fitsSigned(x, n) || x < 1<<n }

// signedShift shifts x right by n as a signed number.
func signedShift(x uint64, n int) uint64 { return uint64(int64(x) >> n) }

func outOfRange(x uint64) error {
	return relocError(fmt.Sprintf("value 0x%x is out of range (the objects are too far apart, or misaligned)", x))
}

// putData stores the low n bytes of x.
func putData(place []byte, n int, x uint64, fits bool) error {
	if len(place) < n {
		return relocError("the section ends within it")
	}
	if !fits {
		return outOfRange(x)
	}
	for i := range n {
		place[i] = byte(x >> (8 * i))
	}
	return nil
}

// putField replaces the bits of mask in the instruction at place.
func putField(place []byte, bits, mask uint32) error {
	if len(place) < 4 {
		return relocError("the section ends within it")
	}
	le.PutUint32(place, le.Uint32(place)&^mask|bits&mask)
	return nil
}

// putBranch stores a distance in words as the n-bit field of a branch or a literal load that starts at bit lsb.
func putBranch(place []byte, distance uint64, n, lsb int) error {
	if distance%4 != 0 || !fitsSigned(distance, n+2) {
		return outOfRange(distance)
	}
	mask := uint32(1<<n-1) << lsb
	return putField(place, uint32(distance>>2)<<lsb, mask)
}

// putADR stores the 21-bit immediate of ADR and ADRP: its low two bits at bit 29, the others at bit 5.
func putADR(place []byte, imm uint64, fits bool) error {
	if !fits {
		return outOfRange(imm)
	}
	return putField(place, uint32(imm&3)<<29|uint32(imm>>2&(1<<19-1))<<5, 3<<29|(1<<19-1)<<5)
}

// putLow12 stores the low 12 bits of x, in units of 1<<scale bytes, as the immediate of ADD or of a load or store.
func putLow12(place []byte, x uint64, scale int) error {
	if x&(1<<scale-1) != 0 {
		return outOfRange(x)
	}
	return putField(place, uint32(x&0xfff)>>scale<<10, 0xfff<<10)
}

// putMove stores the 16 bits of x from bit 16*group on as the immediate of MOVZ or MOVK; checked ones must hold all
// of x up to their end.
func putMove(place []byte, x uint64, group int, checked bool) error {
	if checked && x>>(16*(group+1)) != 0 {
		return outOfRange(x)
	}
	return putField(place, uint32(x>>(16*group)&0xffff)<<5, 0xffff<<5)
}

// putSignedMove is putMove for a MOVZ or MOVN: which of the two it becomes depends on the sign of x.
func putSignedMove(place []byte, x uint64, group int, checked bool) error {
	if checked && !fitsSigned(x, 16*(group+1)+1) {
		return outOfRange(x)
	}
	const opcode, movn, movz = 3 << 29, 0 << 29, 2 << 29
	op := uint32(movz)
	if int64(x) < 0 {
		op, x = movn, ^x
	}
	if err := putField(place, op, opcode); err != nil {
		return err
	}
	return putMove(place, x, group, false)
}
