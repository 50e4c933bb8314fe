package tablecheck

import (
	"encoding/binary"

	"stacksweep/emu/image"
	"stacksweep/unwind/flow"
)

// bugWarning is the flag of an entry of the bug table that says that execution goes on (BUGFLAG_WARNING, linux/bug.h).
const bugWarning = 1

// Breaks returns a function that says of a kernel's BRKs which are bugs and which warnings, as its bug table has them:
// to the code the two look alike. It is nil if the file has no such table, or no types that tell what an entry looks like.
//
// An entry begins with the distance from itself to the BRK (struct bug_entry with CONFIG_GENERIC_BUG_RELATIVE_POINTERS,
// which arm64 always has).
func Breaks(im *image.Image) func(addr uint64) flow.Break {
	types, err := im.Types()
	if err != nil {
		return nil
	}
	addr, table, ok := im.Section("__bug_table")
	size, errSize := types.Size("bug_entry")
	disp, errDisp := types.Offset("bug_entry", "bug_addr_disp")
	flags, errFlags := types.Offset("bug_entry", "flags")
	if !ok || errSize != nil || errDisp != nil || errFlags != nil || size == 0 || disp+4 > size || flags+2 > size {
		return nil
	}
	breaks := map[uint64]flow.Break{}
	for at := uint64(0); at+size <= uint64(len(table)); at += size {
		distance := int32(binary.LittleEndian.Uint32(table[at+disp:]))
		is := flow.BreakEnds
		if binary.LittleEndian.Uint16(table[at+flags:])&bugWarning != 0 {
			is = flow.BreakReturns
		}
		breaks[addr+at+disp+uint64(int64(distance))] = is
	}
	return func(addr uint64) flow.Break { return breaks[addr] }
}
