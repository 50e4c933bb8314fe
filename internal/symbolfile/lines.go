// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import "encoding/binary"

// Opcodes of line number programs: DWARF 5, section 6.2.5.
const (
	lnsCopy        = 0x01
	lnsAdvancePC   = 0x02
	lnsAdvanceLine = 0x03
	lnsSetFile     = 0x04
	lnsSetColumn   = 0x05
	lnsConstAddPC  = 0x08
	lnsFixedAddPC  = 0x09
	lnsSetISA      = 0x0c
	firstSpecial   = 0x0d

	lneSetAddress = 0x02
)

// What the headers say that GNU as writes: an instruction's size, and how special opcodes are made of an advance of the
// line, from lineBase on, and of the address.
const (
	instruction = 4
	lineBase    = -5
	lineRange   = 14
)

// beginLines lets the lines of a function begin where the function does, and not after its NOPs: gcc writes them there,
// and a debugger shows the line of the function before, or looks for the end of a prologue if there is none. The first
// row of the function comes earlier, and the next one as much later after that; no byte is added. It reports whether
// that could be done.
func beginLines(lines []byte, was, now uint64) bool {
	back := (was - now) / instruction
	for len(lines) > 4 {
		unit := lines[:min(len(lines), 4+int(binary.LittleEndian.Uint32(lines)))]
		lines = lines[len(unit):]
		const headerLength = 8
		if len(unit) < headerLength+4 {
			return false
		}
		p := &lineProgram{code: unit[headerLength+4:]}
		p.at = int(binary.LittleEndian.Uint32(unit[headerLength:]))
		for p.row() {
			if p.address != was {
				continue
			}
			first := *p
			return p.row() && first.move(-int64(back)) && p.move(int64(back))
		}
	}
	return false
}

// A lineProgram is run from row to row.
type lineProgram struct {
	code    []byte
	at      int // the next opcode
	address uint64

	rowAt     int  // the opcode that made the last row
	advanceAt int  // the operand of the one before it that set or advanced the address; 0: there was none
	absolute  bool // it is an address, and not an advance
}

// row goes on until there is another row. It reports whether there is one; unknown opcodes end the program.
func (p *lineProgram) row() bool {
	p.advanceAt = 0
	number := func() uint64 {
		v, n := binary.Uvarint(p.code[p.at:])
		p.at += max(n, 1)
		return v
	}
	for p.at < len(p.code) {
		p.rowAt = p.at
		op := p.code[p.at]
		p.at++
		switch {
		case op >= firstSpecial:
			p.address += uint64(op-firstSpecial) / lineRange * instruction
			return true
		case op == lnsCopy:
			return true
		case op == lnsAdvancePC:
			p.advanceAt, p.absolute = p.at, false
			p.address += number() * instruction
		case op == lnsConstAddPC:
			p.address += (0xff - firstSpecial) / lineRange * instruction
		case op == lnsAdvanceLine, op == lnsSetFile, op == lnsSetColumn, op == lnsSetISA:
			number()
		case op == 0:
			size := int(number())
			if p.at+size > len(p.code) || size == 0 {
				return false
			}
			if p.code[p.at] == lneSetAddress {
				p.advanceAt, p.absolute = p.at+1, true
				p.address = binary.LittleEndian.Uint64(p.code[p.at+1:])
			}
			p.at += size
		case op == lnsFixedAddPC:
			return false
		}
	}
	return false
}

// move moves the last row by some instructions, and all that come after it.
func (p *lineProgram) move(by int64) bool {
	switch {
	case p.advanceAt > 0 && p.absolute:
		address := p.code[p.advanceAt:]
		binary.LittleEndian.PutUint64(address, binary.LittleEndian.Uint64(address)+uint64(by*instruction))
		return true
	case p.advanceAt > 0:
		v, n := binary.Uvarint(p.code[p.advanceAt:])
		v += uint64(by)
		if v>>(7*n) != 0 {
			return false
		}
		for i := range n {
			p.code[p.advanceAt+i] = byte(v)&0x7f | 0x80
			v >>= 7
		}
		p.code[p.advanceAt+n-1] &= 0x7f
		return true
	}
	op := int64(p.code[p.rowAt])
	if op == lnsCopy {
		op = firstSpecial - lineBase
	}
	if op += by * lineRange; op < firstSpecial || op > 0xff {
		return false
	}
	p.code[p.rowAt] = byte(op)
	return true
}
