// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/disasm"
)

// Functions lists the function symbols of an image by address, one for each address.
func Functions(im *image.Image) []image.Symbol {
	var list []image.Symbol
	for s := range im.Symbols.All() {
		if s.Kind != image.Func || s.Addr%4 != 0 {
			continue
		}
		if n := len(list); n > 0 && list[n-1].Addr == s.Addr {
			list[n-1].Size = max(list[n-1].Size, s.Size)
			continue
		}
		list = append(list, s)
	}
	return list
}

// symbolAround returns the last function symbol that starts at or before an address, if it contains it.
func symbolAround(symbols []image.Symbol, addr uint64) (image.Symbol, bool) {
	i, found := slices.BinarySearchFunc(symbols, addr, func(s image.Symbol, addr uint64) int {
		return cmp.Compare(s.Addr, addr)
	})
	if !found {
		i--
	}
	if i < 0 || !symbols[i].Contains(addr) {
		return image.Symbol{}, false
	}
	return symbols[i], true
}

// symbolsWithin returns the symbols that start from one address up to another.
func symbolsWithin(symbols []image.Symbol, start, end uint64) []image.Symbol {
	compare := func(s image.Symbol, addr uint64) int { return cmp.Compare(s.Addr, addr) }
	first, _ := slices.BinarySearchFunc(symbols, start, compare)
	last := first
	for last < len(symbols) && symbols[last].Addr < end {
		last++
	}
	return symbols[first:last]
}

// IsPart reports whether a symbol names the cold part that gcc splits off a function, or a place where GNU ld moves an
// instruction because of an erratum of Cortex-A53.
func IsPart(name string) bool {
	if isErratum(name) {
		return true
	}
	_, suffix, found := strings.Cut(name, ".cold")
	return found && (suffix == "" || suffix[0] == '.')
}

func isErratum(name string) bool {
	return strings.HasPrefix(name, "e843419@") || strings.HasPrefix(name, "e835769@")
}

// Code returns a function that gives the code of an image from one address up to another, as far as the file has it.
func Code(im *image.Image) func(start, end uint64) []byte {
	return func(start, end uint64) []byte {
		s, ok := im.Segment(start)
		if !ok || s.Perm&image.Exec == 0 || start-s.Addr >= uint64(len(s.Data)) {
			return nil
		}
		off := start - s.Addr
		return s.Data[off:min(uint64(len(s.Data)), off+(end-start))]
	}
}

// Place names an address: symbol+0xoffset, or the number where no symbol covers it.
func Place(im *image.Image, addr uint64) string {
	return cmp.Or(im.Symbols.Name(addr), fmt.Sprintf("%#x", addr))
}

// Instruction shows the instruction at an address.
func Instruction(im *image.Image, addr uint64) string {
	b, ok := im.Bytes(addr, 4)
	if !ok {
		return ""
	}
	return disasm.Text(binary.LittleEndian.Uint32(b), addr, func(a uint64) string {
		if s, ok := im.Symbols.At(a); ok && s.Addr == a {
			return s.Name
		}
		return Place(im, a)
	})
}
