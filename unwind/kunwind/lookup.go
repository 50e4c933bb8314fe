// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"sync"

	"stacksweep/unwind"
)

// A rowCache remembers rows by PC. A run executes the same few instructions over and over, and a table never changes,
// so that most look-ups need not search.
type rowCache struct {
	lines *cachedRows // made by the first look-up
}

// cachedRows are rows by PC, direct-mapped.
type cachedRows [cacheLines]cachedRow

// spareRows are those of walkers that were closed.
var spareRows = sync.Pool{New: func() any { return new(cachedRows) }}

// free gives the memory to other walkers.
func (c *rowCache) free() {
	if c.lines != nil {
		clear(c.lines[:])
		spareRows.Put(c.lines)
		c.lines = nil
	}
}

type cachedRow struct {
	pc      uint64
	valid   bool
	row     unwind.Row
	failure unwind.Failure
}

// cacheLines is a power of two. So many instructions are a good deal more than a function has.
const cacheLines = 512

// lookup finds the row for an interrupted PC, which is exact: the instruction there has not been executed yet.
func (w *Walker) lookup(pc uint64) (unwind.Row, unwind.Failure) {
	table := w.kernel.SFrame
	if w.profile.AtException == CFI {
		table = w.kernel.CFI
	}
	if table == nil {
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	if w.rows.lines == nil {
		w.rows.lines = spareRows.Get().(*cachedRows)
	}
	line := &w.rows.lines[pc/4%cacheLines]
	if !line.valid || line.pc != pc {
		row, failure := table.Row(pc)
		*line = cachedRow{pc, true, row, failure}
	}
	return line.row, line.failure
}

// Alike implements [unwind.Resumer].
func (w *Walker) Alike(a, b uint64) bool {
	if !w.isPlain(a) || !w.isPlain(b) {
		return false
	}
	if w.profile.AtException < SFrame { // it doesn't ask what is interrupted
		return true
	}
	rowA, failureA := w.lookup(a)
	rowB, failureB := w.lookup(b)
	return rowA == rowB && !failureA.Failed() && !failureB.Failed()
}

// isPlain reports whether a PC is none of those that the engine treats in a special way.
func (w *Walker) isPlain(pc uint64) bool {
	hook := w.kernel.ReturnToHandler
	return pc != hook.Start && !hook.Contains(pc) && pc != w.kernel.KretprobeTrampoline && w.strip(pc) == pc
}
