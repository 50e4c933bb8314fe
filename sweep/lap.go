// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// A lap is a stretch of a run that was judged, with all that its verdicts hang on. Where the run does the same again,
// the verdicts are the same, and nothing is looked at step by step.
//
//	a verdict hangs on     which is the same if
//	the registers          the instructions and the registers of frames are, at every step
//	what a walk reads      the words that any walk of the lap read are the same at its start, and so is what is stored
//	                       to them; whatever else is stored doesn't matter
//	the true stack         it has the same identity at the start, and after every change
//
// All walks of the lap were whole ones (see laps.learn), so that these words are all.
type lap struct {
	start emu.FrameRegs // in force at the first step
	truth int32         // identity of the true stack at the first step

	// The steps count from the lap's first one, which is 0.
	pcs       []uint64
	frames    []emu.FrameRegs // after the first step
	stores    []emu.Store
	transfers []emu.Transfer
	turns     []truth.Turn

	words  wordSet // read by walks, as they were at the start
	steady bool    // at the end they are as at the start
	sums   []lapSum
	points []lapPoint // only for an auditor
}

// A lapPoint is a verdict in a lap.
type lapPoint struct {
	walker int
	mode   verdict.Mode
	finding
	warned bool
}

// A lapSum counts what is alike among the points of a lap; of exact ones without their places, which tallies don't
// keep.
type lapSum struct {
	lapPoint
	points int
}

// sum counts points.
func sum(points []lapPoint) (sums []lapSum) {
	index := map[lapPoint]int{}
	for _, p := range points {
		if p.verdict == verdict.Exact {
			p.pc = 0
		}
		i, ok := index[p]
		if !ok {
			i = len(sums)
			index[p] = i
			sums = append(sums, lapSum{lapPoint: p})
		}
		sums[i].points++
	}
	return sums
}

// count enters the lap's verdicts so many times more in tallies that know all of its findings.
func (p *lap) count(s *score, times int) {
	for i := range p.sums {
		sum := &p.sums[i]
		r := ruling{verdict: sum.verdict, warned: sum.warned}
		s.tallies[sum.walker][sum.mode].repeat(sum.pc, &r, sum.points*times)
	}
}

// A stretch is a part of a chunk: n steps from the one that a cursor stands before.
type stretch struct {
	chunk *emu.Chunk
	at, n int // at is a step of the chunk
	// the first entries of the chunk's lists that come after what holds at its first step
	frame, store, transfer int
}

// newStretch finds the n steps from the at-th on.
func newStretch(c *emu.Chunk, at, n int) stretch {
	s := stretch{chunk: c, at: at, n: n}
	s.frame, _ = slices.BinarySearchFunc(c.Frames, at+1, func(f emu.FrameRegs, step int) int {
		return int(f.Step) - step
	})
	s.store, _ = slices.BinarySearchFunc(c.Stores, at, func(t emu.Store, step int) int { return int(t.Step) - step })
	s.transfer = transferAt(c, at)
	return s
}

// record fills in what the log says of the stretch.
func (p *lap) record(s stretch) {
	c, first := s.chunk, uint32(s.at)
	p.pcs = slices.Clone(c.PC[s.at : s.at+s.n])
	p.start = c.Frames[s.frame-1]
	end := first + uint32(s.n)
	p.frames = cut(c.Frames[s.frame:], first, end, func(f *emu.FrameRegs) *uint32 { return &f.Step })
	p.stores = cut(c.Stores[s.store:], first, end, func(t *emu.Store) *uint32 { return &t.Step })
	p.transfers = cut(c.Transfers[s.transfer:], first, end, func(t *emu.Transfer) *uint32 { return &t.Step })
}

// cut copies the entries of a log from its beginning to the step end, and has their steps count from first.
func cut[T any](entries []T, first, end uint32, step func(*T) *uint32) (some []T) {
	for _, e := range entries {
		at := step(&e)
		if *at >= end {
			break
		}
		*at -= first
		some = append(some, e)
	}
	return some
}

// is reports whether a stretch of the same length is as the lap was, but for the truth and the words at its start. It
// then moves the stretch on by its length.
func (p *lap) is(s *stretch) bool {
	c, end := s.chunk, uint32(s.at+s.n)
	if !sameRegs(&p.start, &c.Frames[s.frame-1]) || !slices.Equal(p.pcs, c.PC[s.at:end]) {
		return false
	}
	frame, ok := p.sameFrames(c.Frames[s.frame:], s.at, end)
	if !ok || !p.sameStores(c.Stores[s.store:], s.at, end) || !p.sameTransfers(c.Transfers[s.transfer:], s.at, end) {
		return false
	}
	s.at += s.n
	s.frame += frame
	s.store += len(p.stores)
	s.transfer += len(p.transfers)
	return true
}

// sameRegs compares the registers, whatever their steps.
func sameRegs(a, b *emu.FrameRegs) bool {
	return a.SP == b.SP && a.FP == b.FP && a.LR == b.LR && a.PState == b.PState
}

// sameFrames compares the registers of frames before the step end. n is how many lead to what holds at that step.
func (p *lap) sameFrames(frames []emu.FrameRegs, at int, end uint32) (n int, same bool) {
	if len(frames) < len(p.frames) {
		return 0, false
	}
	for i := range p.frames {
		want, got := &p.frames[i], &frames[i]
		if got.Step-uint32(at) != want.Step || !sameRegs(got, want) {
			return 0, false
		}
	}
	n = len(p.frames)
	if n < len(frames) && frames[n].Step < end {
		return 0, false
	}
	for n < len(frames) && frames[n].Step == end {
		n++
	}
	return n, true
}

// sameStores compares the stores before the step end to words that walks read.
func (p *lap) sameStores(stores []emu.Store, at int, end uint32) bool {
	n := len(p.stores)
	if len(stores) < n || len(stores) > n && stores[n].Step < end {
		return false
	}
	for i := range p.stores {
		want, got := &p.stores[i], &stores[i]
		if got.Step-uint32(at) != want.Step {
			return false
		}
		if got.New == want.New && got.Addr == want.Addr && got.Size == want.Size {
			continue
		}
		if p.words.touches(got) || p.words.touches(want) {
			return false
		}
	}
	return true
}

func (p *lap) sameTransfers(transfers []emu.Transfer, at int, end uint32) bool {
	n := len(p.transfers)
	if len(transfers) < n || len(transfers) > n && transfers[n].Step < end {
		return false
	}
	for i := range p.transfers {
		want, got := &p.transfers[i], &transfers[i]
		if got.Step-uint32(at) != want.Step || got.Kind != want.Kind || got.To != want.To {
			return false
		}
	}
	return true
}
