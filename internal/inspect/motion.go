// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"iter"
	"sort"

	"stacksweep/emu"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// A Direction is a way along a run.
type Direction int

const (
	Forwards  Direction = 1
	Backwards Direction = -1
)

// The motions below look for a step beyond from, in a direction. They report false when there is none, and leave the
// session where it is.

// Failing finds the nearest step at which a walker's verdict is not a conforming one.
func (in *Inspector) Failing(m verdict.Mode, from int, d Direction) (step int, ok bool) {
	for step := from + int(d); step >= 0 && step < in.Len(); step += int(d) {
		if in.fails(m, step) {
			return step, true
		}
	}
	return 0, false
}

// FailingWindow finds the nearest step at which walks begin to fail: a failing point whose predecessor doesn't fail.
// Steps that are not points of the mode don't interrupt a window.
func (in *Inspector) FailingWindow(m verdict.Mode, from int, d Direction) (step int, ok bool) {
	for step, ok = in.Failing(m, from, d); ok; step, ok = in.Failing(m, step, d) {
		before := step - 1
		for before >= 0 && !in.isPoint(m, before) {
			before--
		}
		if before < 0 || !in.fails(m, before) {
			return step, true
		}
	}
	return 0, false
}

func (in *Inspector) fails(m verdict.Mode, step int) bool {
	for w := range in.Walkers {
		if v, ok := in.Marks(m, w)[step].Verdict(); ok && !v.Conforming() {
			return true
		}
	}
	return false
}

func (in *Inspector) isPoint(m verdict.Mode, step int) bool {
	return len(in.Walkers) > 0 && in.Marks(m, 0)[step] != session.NoPoint
}

// Call finds the nearest step whose instruction is a call.
func (in *Inspector) Call(from int, d Direction) (step int, ok bool) {
	for step, t := range in.transfers(from, d) {
		if t.Kind == emu.Call {
			return step, true
		}
	}
	return 0, false
}

// Over goes one step, but passes over the whole of a call. Backwards it goes to before the call that has just
// returned. A function that returns to a hook has not returned yet.
func (in *Inspector) Over(from int, d Direction) (step int, ok bool) {
	return in.shallow(from, d, in.Depth(from))
}

// Out goes to where the present function has returned to its caller; backwards, to before the call of it.
func (in *Inspector) Out(from int, d Direction) (step int, ok bool) {
	return in.shallow(from, d, in.Depth(from)-1)
}

// shallow finds the nearest step with at most depth callers on the true stack. The depth changes at transfers only.
func (in *Inspector) shallow(from int, d Direction, depth int) (step int, ok bool) {
	next := from + int(d)
	if next < 0 || next > in.Len() {
		return 0, false
	}
	if in.Depth(next) <= depth {
		return next, true
	}
	for step := range in.transfers(next-1, Forwards) {
		if d == Backwards {
			break
		}
		if in.Depth(step+1) <= depth {
			return step + 1, true
		}
	}
	for step := range in.transfers(next, Backwards) {
		if d == Forwards {
			break
		}
		if in.Depth(step) <= depth {
			return step, true
		}
	}
	return 0, false
}

// transfers yields the steps beyond from whose instructions are transfers.
func (in *Inspector) transfers(from int, d Direction) iter.Seq2[int, *emu.Transfer] {
	chunks := in.Recording.Chunks
	return func(yield func(int, *emu.Transfer) bool) {
		for i := range chunks {
			if d == Backwards {
				i = len(chunks) - 1 - i
			}
			c := chunks[i]
			list := c.Transfers
			for j := range list {
				if d == Backwards {
					j = len(list) - 1 - j
				}
				step := c.First + int(list[j].Step)
				if (step-from)*int(d) > 0 && !yield(step, &list[j]) {
					return
				}
			}
		}
	}
}

// Execution finds the nearest step that executes the instruction at pc.
func (in *Inspector) Execution(pc uint64, from int, d Direction) (step int, ok bool) {
	visits := in.visits[pc]
	if d == Forwards {
		i := sort.SearchInts(visits, from+1)
		if i == len(visits) {
			return 0, false
		}
		return visits[i], true
	}
	i := sort.SearchInts(visits, from)
	if i == 0 {
		return 0, false
	}
	return visits[i-1], true
}
