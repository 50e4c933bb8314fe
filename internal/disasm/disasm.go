// SPDX-License-Identifier: GPL-2.0-only

// Package disasm shows arm64 instructions as text, with branch targets named.
//
// It is for display only. What the decoder of golang.org/x/arch lacks comes from a table of our own; what neither
// knows is shown as ".inst 0x…".
package disasm

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
)

// Namer names an address, for branch targets; it returns "" for what it doesn't know.
type Namer func(addr uint64) string

// Text returns the instruction word at pc as text in GNU syntax.
func Text(word uint32, pc uint64, name Namer) string {
	for _, s := range supplement {
		if word&s.mask == s.bits {
			return s.text(word)
		}
	}
	var code [4]byte
	binary.LittleEndian.PutUint32(code[:], word)
	inst, err := arm64asm.Decode(code[:])
	if err != nil {
		return fmt.Sprintf(".inst 0x%08x", word)
	}
	text := strings.ToLower(arm64asm.GNUSyntax(inst))
	for _, arg := range inst.Args {
		rel, ok := arg.(arm64asm.PCRel)
		if !ok {
			continue
		}
		base := pc
		if inst.Op == arm64asm.ADRP {
			base &^= 0xfff
		}
		text = strings.Replace(text, strings.ToLower(rel.String()), target(base+uint64(rel), name), 1)
	}
	return text
}

func target(addr uint64, name Namer) string {
	if name != nil {
		if n := name(addr); n != "" {
			return n
		}
	}
	return fmt.Sprintf("%#x", addr)
}
