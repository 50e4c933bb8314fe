// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
)

// A Fate says what the instruction before the point did to an entry of a list.
type Fate uint8

const (
	Kept Fate = iota
	Added
	Altered
	Gone // it is not there any more
)

// A ListEntry is an entry of a list with its fate.
type ListEntry[E comparable] struct {
	Entry E
	Fate  Fate
}

// ShadowChanges lists the shadow stack, newest first, preceded by what has just been popped.
func (in *Inspector) ShadowChanges() []ListEntry[fgraph.Entry] {
	return changes(in, in.ShadowStack)
}

// KretprobeChanges lists the kretprobe instances, newest first, preceded by those that have just been taken away.
func (in *Inspector) KretprobeChanges() []ListEntry[kretprobe.Instance] {
	return changes(in, in.Kretprobes)
}

// changes compares a list that grows and shrinks at its front with what it was before the last instruction.
func changes[E comparable](in *Inspector, list func() []E) []ListEntry[E] {
	now := list()
	before := now
	if step := in.At().Step(); step > 0 && in.Seek(step-1) == nil {
		before = list()
		_ = in.Seek(step) // it was just there
	}
	var all []ListEntry[E]
	for _, e := range before[:max(0, len(before)-len(now))] {
		all = append(all, ListEntry[E]{e, Gone})
	}
	for i, e := range now {
		entry := ListEntry[E]{Entry: e}
		switch j := i + len(before) - len(now); {
		case j < 0:
			entry.Fate = Added
		case before[j] != e:
			entry.Fate = Altered
		}
		all = append(all, entry)
	}
	return all
}

// A FrameRow is a line of the truth with all walkers next to it.
type FrameRow struct {
	Truth uint64    // 0: no true frame, but one that a walker reports
	Walks []WalkRow // by walker; the zero value where one has nothing to say
}

// Compare merges the walks at one point: every true frame has one row, and what walkers report besides has rows of
// its own, where the walkers have it.
func Compare(walks []WalkView) []FrameRow {
	if len(walks) == 0 {
		return nil
	}
	n := len(walks[0].Truth)
	matched := make([][]WalkRow, len(walks)) // by walker and true frame
	extra := make([][][]WalkRow, len(walks)) // by walker and the true frame that they come before
	for w, walk := range walks {
		matched[w], extra[w] = make([]WalkRow, 0, n), make([][]WalkRow, n+1)
		for _, r := range walk.Rows {
			if at := len(matched[w]); r.Truth == 0 {
				extra[w][at] = append(extra[w][at], r)
			} else {
				matched[w] = append(matched[w], r)
			}
		}
	}
	var rows []FrameRow
	for i := range n + 1 {
		for k := 0; ; k++ {
			row, some := FrameRow{Walks: make([]WalkRow, len(walks))}, false
			for w := range walks {
				if k < len(extra[w][i]) {
					row.Walks[w], some = extra[w][i][k], true
				}
			}
			if !some {
				break
			}
			rows = append(rows, row)
		}
		if i < n {
			row := FrameRow{Truth: walks[0].Truth[i]}
			for w := range walks {
				row.Walks = append(row.Walks, matched[w][i])
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// Lacks returns the innermost true frame that a walk doesn't have, or 0.
func (w *WalkView) Lacks() uint64 {
	for _, r := range w.Rows {
		if r.Frame == 0 {
			return r.Truth
		}
	}
	return 0
}

// TrueStack returns the true stack at the current step, innermost first: the step itself, then the return addresses.
func (in *Inspector) TrueStack() []uint64 {
	if len(in.Walkers) == 0 {
		return nil
	}
	p, ok := in.Walk(verdict.NMI, 0)
	if !ok {
		return nil
	}
	return p.Truth[1:] // without the exception entry code, from which such a walk starts
}

// Follow says what a value points at and, if that is on a stack, what lies there.
func (in *Inspector) Follow(value uint64) string {
	text := in.Describe(value)
	if text == "" || !in.onStack(value) {
		return text
	}
	if w, ok := in.At().Memory().Word(value); ok {
		if there := in.Describe(w); there != "" {
			text += " → " + there
		}
	}
	return text
}
