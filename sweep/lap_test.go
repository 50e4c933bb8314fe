// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
)

// A lap is what a stretch of the same length is if, step by step, everything that verdicts hang on is the same.
func TestLapIsTheSameStepByStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "steps")
		words := rapid.SliceOfN(rapid.Uint64Range(0, 7), 0, 4).Draw(t, "words")
		lap := &lap{}
		for _, w := range words {
			lap.words.add(8 * w)
		}
		first, second := drawLog(t, n), drawLog(t, n)
		if rapid.Bool().Draw(t, "alike") { // but for a few stores, and one other thing
			kept := second
			second = first.clone()
			if rapid.Bool().Draw(t, "other stores") {
				second.stores = kept.stores
			}
			second.change(t)
		}
		chunk := &emu.Chunk{First: 100}
		before := rapid.IntRange(0, 3).Draw(t, "before")
		for range before {
			drawLog(t, 1).addTo(chunk)
		}
		first.addTo(chunk)
		at := chunk.Steps
		second.addTo(chunk)
		drawLog(t, 2).addTo(chunk)
		lap.record(newStretch(chunk, before, n))
		s := newStretch(chunk, at, n)
		want := sameLogs(first, second, words)
		if got := lap.is(&s); got != want {
			t.Fatalf("the lap is a stretch: %t, step by step %t", got, want)
		}
		if next := newStretch(chunk, at+n, n); want && s != next {
			t.Fatalf("the next stretch is %+v, found again it is %+v", s, next)
		}
	})
}

// A made-up log, step by step.
type madeLog struct {
	pcs       []uint64
	frames    []emu.FrameRegs // one per step
	stores    [][]emu.Store
	transfers []*emu.Transfer
}

func drawLog(t *rapid.T, n int) (l madeLog) {
	few := rapid.Uint64Range(0, 1)
	for range n {
		l.pcs = append(l.pcs, 4*few.Draw(t, "pc"))
		l.frames = append(l.frames, emu.FrameRegs{SP: few.Draw(t, "sp"), FP: few.Draw(t, "fp"), LR: few.Draw(t, "lr"),
			PState: uint32(few.Draw(t, "pstate"))})
		var stores []emu.Store
		for range rapid.IntRange(0, 2).Draw(t, "stores") {
			size := rapid.SampledFrom([]uint8{1, 2, 4, 8}).Draw(t, "size")
			stores = append(stores, emu.Store{Addr: rapid.Uint64Range(0, 63).Draw(t, "addr"), Size: size,
				New: few.Draw(t, "value"), Old: few.Draw(t, "old")})
		}
		l.stores = append(l.stores, stores)
		var transfer *emu.Transfer
		if few.Draw(t, "transfers") == 1 {
			transfer = &emu.Transfer{Kind: emu.TransferKind(1 + few.Draw(t, "kind")), To: few.Draw(t, "to")}
		}
		l.transfers = append(l.transfers, transfer)
	}
	return l
}

func (l madeLog) clone() madeLog {
	return madeLog{slices.Clone(l.pcs), slices.Clone(l.frames), slices.Clone(l.stores), slices.Clone(l.transfers)}
}

// change changes one thing, or nothing.
func (l *madeLog) change(t *rapid.T) {
	i := rapid.IntRange(0, len(l.pcs)-1).Draw(t, "step")
	switch rapid.IntRange(0, 8).Draw(t, "change") {
	case 0:
		l.pcs[i] ^= 4
	case 1:
		l.frames[i].SP ^= 1
	case 2:
		l.frames[i].FP ^= 1
	case 3:
		l.frames[i].LR ^= 1
	case 4:
		l.frames[i].PState ^= 1
	case 5:
		l.transfers[i] = nil
	case 6:
		if l.transfers[i] != nil {
			l.transfers[i] = &emu.Transfer{Kind: l.transfers[i].Kind, To: l.transfers[i].To ^ 1}
		}
	case 7:
		l.stores[i] = nil
	}
}

// addTo appends the log to a chunk, as the recorder would: registers only where they change.
func (l madeLog) addTo(c *emu.Chunk) {
	for i, pc := range l.pcs {
		step := uint32(c.Steps)
		c.PC = append(c.PC, pc)
		f := l.frames[i]
		if len(c.Frames) == 0 || !equalRegs(c.Frames[len(c.Frames)-1], f) {
			f.Step = step
			c.Frames = append(c.Frames, f)
		}
		for _, s := range l.stores[i] {
			s.Step = step
			c.Stores = append(c.Stores, s)
		}
		if l.transfers[i] != nil {
			transfer := *l.transfers[i]
			transfer.Step = step
			c.Transfers = append(c.Transfers, transfer)
		}
		c.Steps++
	}
}

func equalRegs(a, b emu.FrameRegs) bool {
	return a.SP == b.SP && a.FP == b.FP && a.LR == b.LR && a.PState == b.PState
}

// sameLogs compares two logs step by step. Of the stores that write to none of the words, only where they are counts.
func sameLogs(a, b madeLog, words []uint64) bool {
	touches := func(s emu.Store) bool {
		return slices.ContainsFunc(words, func(w uint64) bool {
			return s.Addr < 8*w+8 && s.Addr+uint64(s.Size) > 8*w
		})
	}
	for i := range a.pcs {
		x, y := a.transfers[i], b.transfers[i]
		if a.pcs[i] != b.pcs[i] || !equalRegs(a.frames[i], b.frames[i]) || (x == nil) != (y == nil) ||
			x != nil && (x.Kind != y.Kind || x.To != y.To) || len(a.stores[i]) != len(b.stores[i]) {
			return false
		}
		for k, s := range a.stores[i] {
			o := b.stores[i][k]
			same := s.Addr == o.Addr && s.Size == o.Size && s.New == o.New
			if !same && (touches(s) || touches(o)) {
				return false
			}
		}
	}
	return true
}

// The turns of the truth that are ahead are those that going on step by step comes to.
func TestTurnsAhead(t *testing.T) {
	run, recording := recordedChain(t, 2000)
	found, err := truth.Find(truth.LogOf(recording), FactsOf(run), nil)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from+40 < recording.Len(); from += 23 {
		c := found.Cursor()
		c.Seek(from)
		got, at := c.Turns(40, nil), c.Identity()
		for n := range 40 {
			c.Advance(from + n)
			for len(got) > 0 && int(got[0].After) == n {
				at, got = got[0].To, got[1:]
			}
			if c.Identity() != at {
				t.Fatalf("%d steps from step %d the stack is %d, by its turns %d", n, from, c.Identity(), at)
			}
		}
		if len(got) > 0 {
			t.Fatalf("from step %d: turns %v are not in the next 40 steps", from, got)
		}
	}
}
