// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"encoding/binary"
	"fmt"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
)

// FindEntry looks an entry up in an image: the vector, the function that it branches to, which calls the C handler with
// the first of its BL, and the function with the ERET.
func FindEntry(im *image.Image, vector uint64, entry, exit string) (scenarios.ExceptionEntry, error) {
	e := scenarios.ExceptionEntry{Vector: vector}
	call, err := FindInstruction(im, entry, "BL", arm64.IsBL)
	if err != nil {
		return scenarios.ExceptionEntry{}, err
	}
	e.Frame = call + 4
	e.Return, err = FindInstruction(im, exit, "ERET", is(arm64.ERET))
	if err != nil {
		return scenarios.ExceptionEntry{}, err
	}
	return e, nil
}

// FindInstruction returns the address of a function's first instruction of a kind.
func FindInstruction(im *image.Image, function, what string, wanted func(uint32) bool) (uint64, error) {
	s, ok := im.Symbols.Lookup(function)
	if !ok {
		return 0, fmt.Errorf("%s has no function %s", im.Name, function)
	}
	code, _ := im.Bytes(s.Addr, s.Size)
	for off := 0; off+4 <= len(code); off += 4 {
		if wanted(binary.LittleEndian.Uint32(code[off:])) {
			return s.Addr + uint64(off), nil
		}
	}
	return 0, fmt.Errorf("%s: %s has no %s", im.Name, function, what)
}

// is makes a test for one instruction.
func is(wanted uint32) func(uint32) bool { return func(word uint32) bool { return word == wanted } }

// Offsets, in exception vectors, of what is taken in EL1 with its own stack pointer.
const (
	SlotSync   = 0x200
	SlotIRQ    = 0x280
	SlotFIQ    = 0x300
	SlotSError = 0x380
)
