// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Opcodes of line number programs: DWARF 5, section 6.2.5.
const (
	lnsCopy        = 0x01
	lnsAdvanceLine = 0x03
	lnsSetColumn   = 0x05
	lnsPrologueEnd = 0x0a
	lneSetAddress  = 0x02
	firstSpecial   = 13
)

// beginLines lets the lines of a function that comes first in a program begin where the function does, and not after
// its NOPs: a debugger that finds no line there looks for the end of the prologue instead. What gcc and GNU as write
//
//	DW_LNS_set_column c; DW_LNE_set_address was; a row
//
// becomes, in the same space,
//
//	DW_LNE_set_address now; DW_LNS_set_prologue_end; a row; a row of the same line at was
//
// with the header of GNU as: an instruction of 4 bytes, lines from -5 on in a range of 14. Other programs stay as they
// are.
func beginLines(lines []byte, was, now uint64) {
	const instruction, base, span = 4, -5, 14
	set := func(addr uint64) []byte {
		return binary.LittleEndian.AppendUint64([]byte{0, 9, lneSetAddress}, addr)
	}
	units := (was - now) / instruction
	again := uint64(-base) + span*units + firstSpecial
	at := bytes.Index(lines, set(was))
	if at < 2 || lines[at-2] != lnsSetColumn || again > 0xff || (was-now)%instruction != 0 {
		return
	}
	at -= 2
	row := lines[at+2+len(set(was)):]
	n := 0
	if row[0] == lnsAdvanceLine {
		for n = 1; row[n] >= 0x80; n++ {
		}
		n++
	}
	if row[n] != lnsCopy && row[n] < firstSpecial {
		return
	}
	row = bytes.Clone(row[:n+1])
	copy(lines[at:], slices.Concat(set(now), []byte{lnsPrologueEnd}, row, []byte{byte(again)}))
}
