// SPDX-License-Identifier: GPL-2.0-only

// Package cfi reads the DWARF call frame information of AArch64 code: it says, for every instruction that has it,
// where the frame starts and where the return address and the other registers of the caller are to be found.
//
// Compilers emit call frame information (CFI) into .eh_frame, which is loaded, or into .debug_frame, which is not.
// Either section is a list of entries. A Common Information Entry ([CIE]) holds what many functions share; a Frame
// Description Entry ([FDE]) covers the instructions of one function. Both carry a little program whose
// instructions, DW_CFA_*, alternately describe registers and advance a location. Running it gives a table ([Row])
// with a line for every range of addresses between two advances:
//
//	    LOC              CFA         x29     ra
//	0x1000 … 0x1004    sp+0         –       –        stp x29, x30, [sp, #-32]!
//	0x1004 … 0x1020    sp+32        c-32    c-24     …
//	0x1020 … 0x1024    sp+0         –       –        ret
//
// The Canonical Frame Address (CFA) is what SP was at the call in the caller. Every other rule says how to get a
// register's value in the caller: "c-24" is the word saved at CFA-24.
//
// The two calls that most users need:
//
//	info, err := cfi.Parse(data, addr, cfi.EHFrame)
//	row, err := info.Lookup(pc)
//
// [Row.Caller] applies a row to the registers of a frame. [ToSFrame] converts a section to SFrame V3, as GNU as does
// it from the same source.
//
// # What is understood
//
// The formats are those of the DWARF 5 standard (section 6.4 and appendix D.6), of the Linux Standard Base
// (Exception Frames, for .eh_frame) and of "DWARF for the Arm 64-bit Architecture" (aadwarf64: register numbers, the
// state of the return address, augmentation letters): 32- and 64-bit DWARF, CIE versions 1, 3 and 4, every
// instruction of DWARF 5, the GNU and the AArch64 ones. Sections must be relocated: as they are in executables,
// shared objects and memory, not in a relocatable object as the assembler leaves it.
//
// DWARF expressions are recognised and kept as bytes. They are refused by name, [ErrExpression], where
// their value would be needed: compilers for AArch64 use none for the CFA, the frame pointer or the return address.
//
// A parsed section may be used by any number of goroutines at the same time.
package cfi
