// SPDX-License-Identifier: GPL-2.0-only

package cover

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/internal/arm64"
	"stacksweep/scenarios/corpus"
)

// codeOf puts instruction words into bytes.
func codeOf(words ...uint32) []byte {
	var code []byte
	for _, w := range words {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

// TestInstructions: of code that was never executed, what counts as an instruction. The words are GNU as's.
func TestInstructions(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want []uint64
	}{
		{"straight", codeOf(0xaa0103e0, 0xd65f03c0), []uint64{0, 4}},                // mov; ret
		{"padded", codeOf(0xd65f03c0, arm64.NOP, arm64.NOP), []uint64{0}},           // ret
		{"zeros", codeOf(0x17ffffff, 0, arm64.NOP, 0, 0xd65f03c0), []uint64{0, 16}}, // b; …; ret
		{"nop inside", codeOf(arm64.NOP, 0xd65f03c0), []uint64{0, 4}},               //
		// bl; nop; blr; nop
		{"call before nop", codeOf(0x97ffffff, arm64.NOP, 0xd63f0000, arm64.NOP), []uint64{0, 4, 8, 12}},
		{"branch to a register", codeOf(0xd61f0000, arm64.NOP), []uint64{0}},   // br x0
		{"authenticated return", codeOf(0xd65f0bff, arm64.NOP), []uint64{0}},   // retaa
		{"exception return", codeOf(0xd69f03e0, arm64.NOP), []uint64{0}},       // eret
		{"trap", codeOf(0xd4200020, arm64.NOP), []uint64{0}},                   // brk #1
		{"conditional branch", codeOf(0x54ffffe0, arm64.NOP), []uint64{0, 4}},  // b.eq
		{"ldr x", codeOf(0x58000040, 0xd65f03c0, 1, 2, 3), []uint64{0, 4, 16}}, // ldr x0, .+8
		{"ldr w", codeOf(0x18000040, 0xd65f03c0, 1, 2), []uint64{0, 4, 12}},    // ldr w0, .+8
		// ldrsw x0, .+8
		{"ldrsw", codeOf(0x98000040, 0xd65f03c0, 1, 2), []uint64{0, 4, 12}},
		{"ldr q", codeOf(0x9c000040, 0xd65f03c0, 1, 2, 3, 4, 5), []uint64{0, 4, 24}}, // ldr q0, .+8
		{"ldr d backwards", codeOf(1, 2, 0x5cffffc0, 0xd65f03c0), []uint64{8, 12}},   // ldr d0, .-8
		// prfm pldl1keep, .+8
		{"prfm", codeOf(0xd8000040, 0xd65f03c0, 1), []uint64{0, 4, 8}},
		{"padding after a literal", codeOf(0x58000040, 0xd65f03c0, 1, 2, arm64.NOP, 0xd65f03c0), []uint64{0, 4, 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, missed := instructions(c.code, func(uint64) bool { return false })
			if diff := cmp.Diff(c.want, missed); diff != "" {
				t.Errorf("instructions (-want +got):\n%s", diff)
			}
			if n != len(missed) {
				t.Errorf("%d instructions, but %d offsets", n, len(missed))
			}
		})
	}
}

// TestInstructionsOfAnyCode: what was executed is an instruction, whatever it looks like, and is never missed.
func TestInstructionsOfAnyCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.Uint32(),
			rapid.SampledFrom([]uint32{0, arm64.NOP, 0xd65f03c0, 0x58000040, 0x9c000040, 0x5cffffc0}))
		words := rapid.SliceOfN(word, 0, 20).Draw(t, "code")
		done := rapid.SliceOfN(rapid.Bool(), len(words), len(words)).Draw(t, "executed")
		executed := 0
		for _, d := range done {
			if d {
				executed++
			}
		}
		n, missed := instructions(codeOf(words...), func(off uint64) bool { return done[off/4] })
		if n != executed+len(missed) || n > len(words) || !slices.IsSorted(missed) {
			t.Fatalf("%d instructions, %d executed, missed %v", n, executed, missed)
		}
		for _, off := range missed {
			if done[off/4] {
				t.Fatalf("%#x was executed", off)
			}
		}
	})
}

// TestCoverageOfFunctions: PCs are attributed to their functions, and only functions that were entered are listed.
func TestCoverageOfFunctions(t *testing.T) {
	im := corpus.Image()
	chain, ok1 := im.Symbols.Lookup("chain_leaf")
	finish, ok2 := im.Symbols.Lookup("finish")
	if !ok1 || !ok2 {
		t.Fatal("the corpus has changed")
	}
	c := New(im)
	if got := c.Functions(); got != nil {
		t.Errorf("before anything was executed: %v", got)
	}
	var first []uint64
	for pc := chain.Addr; pc < chain.Addr+chain.Size-8; pc += 4 {
		first = append(first, pc)
	}
	c.Add(first)
	c.Add([]uint64{finish.Addr, chain.Addr, finish.Addr + 4})

	want := []Function{
		{Symbol: chain, Instructions: int(chain.Size / 4), Missed: []uint64{chain.Size - 8, chain.Size - 4}},
		{Symbol: finish, Instructions: int(finish.Size / 4)},
	}
	if diff := cmp.Diff(want, c.Functions()); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if !c.Executed(finish.Addr) || c.Executed(chain.Addr+chain.Size-4) || c.Executed(0) {
		t.Error("Executed disagrees")
	}
}
