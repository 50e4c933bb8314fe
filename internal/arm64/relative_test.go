// SPDX-License-Identifier: GPL-2.0-only

package arm64

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
)

// The reference is a disassembler: an instruction has a distance if one of its operands is relative to the PC.
func TestDistance(t *testing.T) {
	tops := []uint32{0x14, 0x94, 0x54, 0x34, 0xb5, 0x36, 0x37, 0x10, 0x90, 0x18, 0x58, 0x1c, 0x98, 0xd8, 0xd6, 0xd5,
		0xf9, 0x91}
	random := rand.New(rand.NewPCG(1, 2))
	relative, others := 0, 0
	for range 200_000 {
		word := random.Uint32()
		if word&1 == 0 {
			word = word&0xffffff | tops[random.IntN(len(tops))]<<24
		}
		inst, err := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, word))
		if err != nil {
			continue
		}
		want := slices.ContainsFunc(inst.Args[:], func(a arm64asm.Arg) bool {
			_, ok := a.(arm64asm.PCRel)
			return ok
		})
		if got := Distance(word) != 0; got != want {
			t.Fatalf("%#08x, %v: a distance %v, want %v", word, inst, got, want)
		}
		if want {
			relative++
		} else {
			others++
		}
		// What is left without the distance is the same instruction.
		cleared, err := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, word&^Distance(word)))
		if err != nil || cleared.Op != inst.Op {
			t.Fatalf("%#08x, %v: without its distance %v, %v", word, inst, cleared, err)
		}
	}
	if relative < 10_000 || others < 10_000 {
		t.Errorf("%d instructions with a distance, %d without", relative, others)
	}
}
