// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// Groups of A64 encodings: their fixed bits, and which bits are free.
var encodings = []struct {
	name        string
	value, free uint32
}{
	{"anything", 0x00000000, 0xffffffff},
	{"add, sub immediate", 0x11000000, 0xe0ffffff},
	{"logical immediate", 0x12000000, 0xe07fffff},
	{"bitfield, extract", 0x13000000, 0xe0ffffff},
	{"move wide", 0x12800000, 0xe07fffff},
	{"adr", 0x10000000, 0xe0ffffff},
	{"add, sub extended", 0x0b200000, 0xe0dfffff},
	{"logical, add, sub shifted", 0x0a000000, 0xf0ffffff},
	{"other data processing, registers", 0x1a000000, 0xe5ffffff},
	{"two sources", 0x1ac00000, 0xa01fffff},
	{"one source, pointer authentication", 0xdac00000, 0x0001ffff},
	{"pairs", 0x28000000, 0xd7ffffff},
	{"load, store register", 0x38000000, 0xc7ffffff},
	{"load, store unsigned offset", 0x39000000, 0xc6ffffff},
	{"exclusives, ordered, compare and swap", 0x08000000, 0xc0ffffff},
	{"compare and swap pair", 0x08207c00, 0x405f83ff},
	{"atomics", 0x38200000, 0xc0dff3ff},
	{"structures", 0x0c000000, 0x73ffffff},
	{"load literal", 0x18000000, 0xc4ffffff},
	{"FP and SIMD", 0x0e000000, 0xf1ffffff},
	{"FP", 0x1e200000, 0xe0dfffff},
	{"FP to register", 0x1e200000, 0x81dfffff},
	{"SIMD to register", 0x0e003c00, 0x401f03ff},
	{"hints", 0xd503201f, 0x00000fe0},
	{"barriers", 0xd503301f, 0x00000fe0},
	{"masks, stack pointer", 0xd500401f, 0x00070fe0},
	{"system", 0xd5000000, 0x001fffff},
	{"system registers of CRn 4", 0xd5184000, 0x00270fff},
	{"branches to registers", 0xd61f0000, 0x00e003e0},
	{"branches to signed addresses", 0xd61f0800, 0x01e007ff},
	{"bl", 0x94000000, 0x000000ff},
	{"b", 0x14000000, 0x000000ff},
	{"b.cond", 0x54000000, 0x000000ff},
	{"exceptions", 0xd4000000, 0x00ffffff},
	{"SVE", 0x04000000, 0xe1ffffff},
	{"tags, memory copy", 0x19000000, 0xc4ffffff},
}

const nop = 0xd503201f

// sanitized replaces the words that make the engine abort the process: undefined half-precision vector operations.
func sanitized(word uint32) uint32 {
	twoRegisters, threeRegisters := word&0x8f7e0c00 == 0x0e780800, word&0x8f60c400 == 0x0e400400
	if twoRegisters || threeRegisters {
		return nop
	}
	return word
}

// randomWord draws an instruction. Most words that are drawn without a plan are undefined, so the encodings that
// concern the frame registers are drawn more often: those fields get 29, 30 and 31, and a base that is a good address.
func randomWord(t *rapid.T) uint32 {
	g := rapid.SampledFrom(encodings).Draw(t, "encoding")
	word := g.value | rapid.Uint32().Draw(t, "word")&g.free
	for _, shift := range []int{0, 5, 10, 16} {
		field := uint32(0x1f) << shift
		if field&^g.free == 0 && rapid.Bool().Draw(t, "special register") {
			word = word&^field | rapid.SampledFrom([]uint32{0, 28, 29, 30, 31}).Draw(t, "register")<<shift
		}
	}
	return sanitized(word)
}

// randomRegs are registers with which many random instructions work: good addresses.
func randomRegs() Regs {
	r := startRegs()
	r.X[28] = dataBase + 0x800
	r.X[29] = stackBase + 0x2000
	r.X[30] = codeBase + 0x40
	r.SP = stackBase + 0x1800
	return r
}

// One instruction at a time, thousands of each group of encodings: the recorder must see every change of SP, X29, X30
// and DAIF. It compares its account with the CPU at the end of each run (ErrEngine) and the memory with the log
// (ErrUnlogged).
func TestEffectOfEachEncoding(t *testing.T) {
	m := newMachine(t, config(nil), randomRegs())
	random := rand.New(rand.NewPCG(1, 2))
	special := []uint32{0, 27, 28, 29, 30, 31}
	registers := randomRegs()
	for i := range 28 {
		registers.X[i] = dataBase + 0x1000 + 0x40*uint64(i)
	}
	replica := m.Snapshot()
	fresh, err := m.Save() // random instructions may switch the stack pointer, the MMU, ...
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range encodings {
		executed := 0
		for range 1500 {
			word := g.value | random.Uint32()&g.free
			for _, shift := range []int{0, 5, 10, 16} {
				field := uint32(0x1f) << shift
				if field&^g.free == 0 && random.IntN(2) == 0 {
					word = word&^field | special[random.IntN(len(special))]<<shift
				}
			}
			word = sanitized(word)
			if err := m.Write(codeBase, words(word)); err != nil {
				t.Fatal(err)
			}
			if err := m.Restore(fresh); err != nil {
				t.Fatal(err)
			}
			registers.X[2] = random.Uint64()
			if err := m.SetRegs(registers); err != nil {
				t.Fatal(err)
			}
			err := m.Stream(RunOptions{Until: NoAddress, Limit: 1}, func(c *Chunk) error {
				for i := range c.Stores {
					replica.apply(&c.Stores[i])
				}
				executed++
				return nil
			})
			if errors.Is(err, ErrEngine) {
				t.Fatalf("%s, word %#08x: %v", g.name, word, err)
			}
			if err := m.Compare(replica); err != nil {
				t.Fatalf("%s, word %#08x: %v", g.name, word, err)
			}
		}
		t.Logf("%s: %d instructions could be executed", g.name, executed)
		if executed == 0 && g.name != "exceptions" && g.name != "SVE" {
			t.Errorf("%s: no instruction could be executed", g.name)
		}
	}
}

// Whatever the instructions are: the sparse view, which reads registers only where the code says that they may have
// changed, is the full view. Instructions that fail are skipped; the recorder itself also checks at the end of each run
// that it has not lost track (ErrEngine).
func TestSparseIsFullOnRandomCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := words(rapid.SliceOfN(rapid.Custom(randomWord), 1, 40).Draw(t, "code")...)
		machines := [2]*Machine{}
		for i := range machines {
			m, err := New(config(code))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if err := m.SetRegs(randomRegs()); err != nil {
				t.Fatal(err)
			}
			machines[i] = m
		}
		for range len(code) / 4 {
			opt := RunOptions{Until: codeBase + uint64(len(code)), Limit: 50, Verify: true}
			sparse, sparseErr := machines[0].Record(opt)
			opt.Mode = Full
			full, fullErr := machines[1].Record(opt)
			if errors.Is(sparseErr, ErrEngine) || errors.Is(sparseErr, ErrUnlogged) {
				t.Fatal(sparseErr)
			}
			if sparse.Len() != full.Len() || sparse.End != full.End {
				t.Fatalf("sparse mode ended at step %d with %v, full mode at %d with %v", sparse.Len(), sparseErr,
					full.Len(), fullErr)
			}
			c, all := sparse.Cursor(), flatten(full)
			for n := range full.Len() {
				r := all.Full[n]
				if c.PC() != r.PC || c.SP() != r.SP || c.FP() != r.X[29] || c.LR() != r.X[30] ||
					c.PState() != r.PState&^PStateNZCV {
					t.Fatalf("step %d at %#x: sp %#x fp %#x lr %#x pstate %#x, want %#x %#x %#x %#x", n, r.PC,
						c.SP(), c.FP(), c.LR(), c.PState(), r.SP, r.X[29], r.X[30], r.PState)
				}
				c.Next()
			}
			next := full.End.PC + 4
			if sparseErr == nil || errors.Is(sparseErr, ErrLimit) || next-codeBase >= uint64(len(code)) {
				return
			}
			for _, m := range machines {
				r, _ := m.Regs()
				r.PC = next
				if err := m.SetRegs(r); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
