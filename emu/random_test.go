package emu

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// randomWord draws an instruction. Most words that are drawn without a plan are undefined, so the encodings that
// concern the frame registers are drawn more often: those fields get 29, 30 and 31, and the base is a good address.
func randomWord(t *rapid.T) uint32 {
	// Fixed bits of encoding groups, and which bits are free.
	groups := []struct{ value, free uint32 }{
		{0x00000000, 0xffffffff}, // anything
		{0x11000000, 0xe0ffffff}, // add, sub immediate
		{0x12000000, 0xe07fffff}, // logical immediate
		{0x13000000, 0xe0ffffff}, // bitfield, extract
		{0x12800000, 0xe07fffff}, // move wide
		{0x10000000, 0xe0ffffff}, // adr
		{0x0b200000, 0xe0dfffff}, // add, sub extended
		{0x0a000000, 0xf0ffffff}, // logical, add, sub shifted
		{0x1a000000, 0xe5ffffff}, // other data processing, registers
		{0xdac00000, 0x003fffff}, // one source, with pointer authentication
		{0x28000000, 0xd7ffffff}, // pairs
		{0x38000000, 0xc7ffffff}, // load, store register
		{0x39000000, 0xc6ffffff}, // unsigned offset
		{0x08000000, 0xc0ffffff}, // exclusives, ordered, compare and swap
		{0x38200000, 0xc0dfffff}, // atomics
		{0x0c000000, 0x73ffffff}, // structures
		{0x18000000, 0xc4ffffff}, // literal
		{0x0e000000, 0xf1ffffff}, // FP and SIMD
		{0x1e200000, 0xe0dfffff}, // FP
		{0xd5030000, 0x0000ffff}, // hints, barriers
		{0xd503201f, 0x00000fe0}, // hints
		{0xd5000000, 0x001fffff}, // system
		{0xd5184000, 0x002fffff}, // system registers with CRn = 4
		{0xd61f0000, 0x01ffffff}, // branches to registers
		{0x94000000, 0x000000ff}, // bl
		{0x14000000, 0x000000ff}, // b
		{0x54000000, 0x000000ff}, // b.cond
		{0xd4000000, 0x00ffffff}, // exceptions
		{0x04000000, 0xe1ffffff}, // SVE
		{0x19000000, 0xc4ffffff}, // tags, memory copy
	}
	g := rapid.SampledFrom(groups).Draw(t, "group")
	word := g.value | rapid.Uint32().Draw(t, "word")&g.free
	for _, shift := range []int{0, 5, 10, 16} {
		field := uint32(0x1f) << shift
		if field&^g.free == 0 && rapid.Bool().Draw(t, "special register") {
			word = word&^field | rapid.SampledFrom([]uint32{0, 28, 29, 30, 31}).Draw(t, "register")<<shift
		}
	}
	if word&0x9f7e0c00 == 0x0e780800 || word&0x9f60c400 == 0x0e400400 {
		return 0xd503201f // half-precision vector operations: the engine aborts the process on undefined ones
	}
	return word
}

// Whatever the instructions are: the sparse view, which reads registers only where the code says that they may have
// changed, is the full view. Instructions that fail are skipped; the recorder itself also checks at the end of each run
// that it has not lost track (ErrEngine).
func TestSparseIsFullOnRandomCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := words(rapid.SliceOfN(rapid.Custom(randomWord), 1, 40).Draw(t, "code")...)
		regs := startRegs()
		regs.X[28] = dataBase + 0x800
		regs.X[29] = stackBase + 0x2000
		regs.X[30] = codeBase + 0x40
		regs.SP = stackBase + 0x1800
		machines := [2]*Machine{}
		for i := range machines {
			m, err := New(config(code))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if err := m.SetRegs(regs); err != nil {
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
				t.Fatalf("sparse mode ended at step %d with %v, full mode at %d with %v", sparse.Len(), sparseErr, full.Len(), fullErr)
			}
			c, all := sparse.Cursor(), flatten(full)
			for n := range full.Len() {
				r := all.Full[n]
				if c.PC() != r.PC || c.SP() != r.SP || c.FP() != r.X[29] || c.LR() != r.X[30] || c.PState() != r.PState&^PStateNZCV {
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
