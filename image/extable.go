// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrExceptionTable is wrapped by every complaint of [ExceptionTable].
var ErrExceptionTable = errors.New("not an exception table")

// ExceptionTable reads a kernel's exception table that lies at addr: entries of entrySize bytes, each of which begins
// with two little-endian 32-bit distances from their own places, to an instruction that may fault and to where to go on
// if it does (struct exception_table_entry in arch/arm64/include/asm/extable.h). It returns the second by the first.
func ExceptionTable(addr uint64, table []byte, entrySize uint64) (map[uint64]uint64, error) {
	if entrySize < 8 || uint64(len(table))%entrySize != 0 {
		return nil, fmt.Errorf("%w: %d bytes in entries of %d", ErrExceptionTable, len(table), entrySize)
	}
	fixups := make(map[uint64]uint64, uint64(len(table))/entrySize)
	for at := uint64(0); at < uint64(len(table)); at += entrySize {
		insn, fixup := relative(addr, table, at), relative(addr, table, at+4)
		if insn%4 != 0 || fixup%4 != 0 {
			return nil, fmt.Errorf("%w: entry %d leads from %#x to %#x", ErrExceptionTable, at/entrySize, insn, fixup)
		}
		if other, ok := fixups[insn]; ok && other != fixup {
			return nil, fmt.Errorf("%w: %#x has two fix-ups, %#x and %#x", ErrExceptionTable, insn, other, fixup)
		}
		fixups[insn] = fixup
	}
	return fixups, nil
}

// relative is the address that lies at a distance from the place where the distance is noted.
func relative(addr uint64, table []byte, at uint64) uint64 {
	return addr + at + uint64(int32(binary.LittleEndian.Uint32(table[at:])))
}
