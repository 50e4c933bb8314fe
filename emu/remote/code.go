// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
)

// lineSize is how much code is read at a time.
const lineSize = 512

// code is the target's, as far as it was executed. It is taken not to change during a recording.
type code struct {
	target *Target
	lines  map[uint64][]byte
}

func newCode(t *Target) *code { return &code{t, map[uint64][]byte{}} }

// word returns the instruction at an address. It asks the target, which must stand still, if that is new.
func (c *code) word(pc uint64) (uint32, error) {
	base := pc &^ (lineSize - 1)
	line, ok := c.lines[base]
	if !ok {
		line = make([]byte, lineSize)
		if err := c.target.Read(base, line); err != nil {
			return 0, err
		}
		c.lines[base] = line
	}
	return binary.LittleEndian.Uint32(line[pc-base:]), nil
}

// A CodeLine is code of the target's as it was executed.
type CodeLine struct {
	Addr uint64 // a multiple of 512
	Data []byte
}

// all lists the code by address.
func (c *code) all() (lines Code) {
	for _, addr := range slices.Sorted(maps.Keys(c.lines)) {
		lines = append(lines, CodeLine{addr, c.lines[addr]})
	}
	return lines
}

// A Code is what was executed of the target's code.
type Code []CodeLine

// Word returns the instruction at an address, if it was executed or stands next to one that was.
func (c Code) Word(pc uint64) (uint32, bool) {
	i, found := slices.BinarySearchFunc(c, pc&^(lineSize-1), func(l CodeLine, addr uint64) int {
		return cmp.Compare(l.Addr, addr)
	})
	if !found || pc%4 != 0 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(c[i].Data[pc%lineSize:]), true
}
