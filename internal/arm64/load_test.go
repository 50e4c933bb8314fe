// SPDX-License-Identifier: GPL-2.0-only

package arm64

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
	"pgregory.net/rapid"
)

// registersOf are values that tell every register from every other in a sum.
func registersOf(n int) uint64 { return 0x1000_0000_0000 + uint64(n)*0x1_0000_0001 }

var operand = regexp.MustCompile(
	`\[(x\d+|sp)(?:,(?:#(-?\d+|-?0x[0-9a-f]+)|([wx])(\d+|zr)(?:,(\w+)(?: #(\d))?)?))?\](!)?(,)?`)

// reference computes an access from what golang.org/x/arch has as the text of an instruction.
func reference(t rapid.TB, text string) (a Access, known, reads bool) {
	mnemonic, operands, _ := strings.Cut(text, " ")
	found := operand.FindStringSubmatch(operands)
	if found == nil || !strings.HasPrefix(mnemonic, "ld") {
		return a, false, false
	}
	number := func(s string) uint64 {
		if s == "" {
			return 0
		}
		n, err := strconv.ParseInt(s, 0, 64)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return uint64(n)
	}
	base := SP
	if found[1] != "sp" {
		base = int(number(found[1][1:]))
	}
	a.Addr = registersOf(base) + number(found[2])
	if found[4] != "" {
		index := uint64(0)
		if found[4] != "zr" {
			index = registersOf(int(number(found[4])))
		}
		switch {
		case found[5] == "sxtw":
			index = uint64(int64(int32(index)))
		case found[3] == "w":
			index = uint64(uint32(index))
		}
		a.Addr += index << number(found[6])
	}
	first := operands[:1]
	a.Size = map[string]uint64{"w": 4, "x": 8, "b": 1, "h": 2, "s": 4, "d": 8, "q": 16}[first]
	if strings.HasPrefix(mnemonic, "ldx") || strings.HasPrefix(mnemonic, "lda") ||
		strings.HasPrefix(mnemonic, "ldtr") || strings.HasPrefix(mnemonic, "ldur") ||
		strings.HasPrefix(mnemonic, "ldr") {
		switch {
		case strings.HasSuffix(mnemonic, "b"):
			a.Size = 1
		case strings.HasSuffix(mnemonic, "h"):
			a.Size = 2
		case strings.HasSuffix(mnemonic, "sw"):
			a.Size = 4
		}
	}
	if strings.Contains(mnemonic, "p") { // a pair
		if mnemonic == "ldpsw" {
			a.Size = 4
		}
		a.Size *= 2
	}
	return a, a.Size != 0, true
}

// Load agrees with the disassembler of golang.org/x/arch about words of all classes of loads and stores that it knows.
func TestLoadAgainstDisassembler(t *testing.T) {
	// Of the exclusive loads, the fields for registers that they don't have are all ones.
	classes := []uint32{0x081f7c00, 0x18000000, 0x28000000, 0x29000000, 0x38000000, 0x38200800, 0x39000000}
	agreed := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 200 {
			word := rapid.SampledFrom(classes).Draw(t, "class") | rapid.Uint32().Draw(t, "rest")&0xc0dfffff&^0x04000000
			inst, err := arm64asm.Decode([]byte{byte(word), byte(word >> 8), byte(word >> 16), byte(word >> 24)})
			if err != nil {
				continue
			}
			text := arm64asm.GNUSyntax(inst)
			want, known, _ := reference(t, text)
			got, reads := Load(word, 0, registersOf)
			mnemonic, _, _ := strings.Cut(text, " ")
			switch {
			case known && (!reads || got != want):
				t.Fatalf("%08x %s: %+v, %v; want %+v", word, text, got, reads, want)
			case !known && reads && !strings.HasPrefix(mnemonic, "ld"):
				t.Fatalf("%08x %s: reads %+v", word, text, got)
			case known:
				agreed[mnemonic]++
			}
		}
	})
	for _, mnemonic := range []string{"ldr", "ldrb", "ldrh", "ldrsw", "ldur", "ldp", "ldpsw", "ldxr", "ldar"} {
		if agreed[mnemonic] == 0 {
			t.Errorf("no %s was compared", mnemonic)
		}
	}
}

// What the disassembler doesn't know.
func TestLoad(t *testing.T) {
	for word, want := range map[uint32]Access{
		0x58000040: {Addr: 0x400008, Size: 8},             // ldr x0, .+8
		0x98ffffe0: {Addr: 0x3ffffc, Size: 4},             // ldrsw x0, .-4
		0xf8220020: {Addr: registersOf(1), Size: 8},       // ldadd x2, x0, [x1]
		0xb8e08041: {Addr: registersOf(2), Size: 4},       // swpal w0, w1, [x2]
		0xc8e07c41: {Addr: registersOf(2), Size: 8},       // casa x0, x1, [x2]
		0x48207c82: {Addr: registersOf(4), Size: 16},      // casp x0, x1, x2, x3, [x4]
		0x4c407000: {Addr: registersOf(0), Size: 16},      // ld1 {v0.16b}, [x0]
		0x3dc00420: {Addr: registersOf(1) + 16, Size: 16}, // ldr q0, [x1, #16]
		0xad400440: {Addr: registersOf(2), Size: 32},      // ldp q0, q1, [x2]
	} {
		if got, ok := Load(word, 0x400000, registersOf); !ok || got != want {
			t.Errorf("%08x: %+v, %v; want %+v", word, got, ok, want)
		}
	}
	// str, stp, nop, prfm, stxr, st1
	for _, word := range []uint32{0xf9000020, 0xa9bf7bfd, 0xd503201f, 0xf9800020, 0xd8000020, 0xc8007c41, 0x4c007000} {
		if got, ok := Load(word, 0, registersOf); ok {
			t.Errorf("%08x: reads %+v", word, got)
		}
	}
}
