// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"debug/dwarf"
	"encoding/binary"

	"stacksweep/image"
)

// A debugger that knows nothing but the name of a function puts a breakpoint after what looks like its prologue. With
// DWARF that gcc has written for optimized code it takes the first instruction, since variables can be found there as
// well. So the functions are described in this way: one unit, and the name, start and end of each function. The one
// variable is there for its list of locations, which is empty: a list is what tells that the unit was optimized.

// Numbers of DWARF 4, chapter 7.
const (
	formAddr, formData1, formData4, formData8, formString, formStrp, formSecOffset = 0x01, 0x0b, 0x06, 0x07,
		0x08, 0x0e, 0x17

	languageC99 = 0x0c

	abbrevUnit, abbrevFunction, abbrevVariable = 1, 2, 3
)

// abbreviations is .debug_abbrev: a number, a tag, whether children follow, then pairs of an attribute and its form.
var abbreviations = []byte{
	abbrevUnit, byte(dwarf.TagCompileUnit), 1,
	byte(dwarf.AttrProducer), formString, byte(dwarf.AttrLanguage), formData1, byte(dwarf.AttrName), formString,
	byte(dwarf.AttrLowpc), formAddr, byte(dwarf.AttrHighpc), formData8, 0, 0,
	abbrevFunction, byte(dwarf.TagSubprogram), 0,
	byte(dwarf.AttrName), formStrp, byte(dwarf.AttrLowpc), formAddr, byte(dwarf.AttrHighpc), formData4, 0, 0,
	abbrevVariable, byte(dwarf.TagVariable), 0,
	byte(dwarf.AttrName), formString, byte(dwarf.AttrLocation), formSecOffset, 0, 0,
	0,
}

// emptyLocations is .debug_loc with one list: the pair of zeros that ends it.
var emptyLocations = make([]byte, 16)

// functions returns .debug_info and .debug_str for the functions of an image: of each place the preferred name.
func functions(im *image.Image) (info, names []byte) {
	le := binary.LittleEndian
	var dies bytes.Buffer
	names = []byte{0}
	low, high, last := ^uint64(0), uint64(0), uint64(0)
	for s := range im.Symbols.All() {
		if chosen, ok := im.Symbols.At(s.Addr); s.Kind != image.Func || s.Size == 0 || !ok || chosen.Name != s.Name ||
			s.Addr < last {
			continue
		}
		last = s.Addr + s.Size
		low, high = min(low, s.Addr), max(high, last)
		die := le.AppendUint32([]byte{abbrevFunction}, uint32(len(names)))
		die = le.AppendUint64(die, s.Addr)
		dies.Write(le.AppendUint32(die, uint32(s.Size)))
		names = append(append(names, s.Name...), 0)
	}
	unit := []byte{abbrevUnit}
	unit = append(unit, "GNU C11 12.2.0\x00"...)
	unit = append(unit, languageC99)
	unit = append(unit, "symbols\x00"...)
	unit = le.AppendUint64(unit, low)
	unit = le.AppendUint64(unit, high-low)
	unit = append(unit, dies.Bytes()...)
	unit = append(unit, abbrevVariable)
	unit = append(unit, "no_variable\x00"...)
	unit = le.AppendUint32(unit, 0)
	unit = append(unit, 0)

	const version, addressSize = 4, 8
	head := le.AppendUint32(nil, uint32(2+4+1+len(unit)))
	head = le.AppendUint16(head, version)
	head = le.AppendUint32(head, 0) // offset of the abbreviations
	return append(append(head, addressSize), unit...), names
}
