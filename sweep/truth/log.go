// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"iter"
	"slices"
	"sync"

	"stacksweep/emu"
)

// A Transfer is a change of control flow that matters to a call stack: an emu.Transfer with what the oracles need
// besides.
type Transfer struct {
	Step     uint32 // in the run
	Kind     emu.TransferKind
	From, To uint64
	SP, FP   uint64 // on arrival
	LR       uint64 // on arrival
	// Back is where a call returns to that was not made by BL or BLR; 0 means the instruction after From.
	Back uint64
}

// back is where a call returns to.
func (t *Transfer) back() uint64 {
	if t.Back != 0 {
		return t.Back
	}
	return t.From + 4
}

// Log holds the transfers of a run in order, in pieces, so that a long run's need not be copied as they grow.
type Log [][]Transfer

// LogOf returns the transfers of a run that was kept.
func LogOf(r *emu.Recording) (log Log) {
	for _, c := range r.Chunks {
		log.Add(c)
	}
	return log
}

// Add appends the transfers of a chunk.
func (l *Log) Add(c *emu.Chunk) {
	piece := *spareLogs.Get().(*[]Transfer)
	piece = slices.Grow(piece[:0], len(c.Transfers))[:len(c.Transfers)]
	for i := range c.Transfers {
		piece[i] = transferOf(c, i)
	}
	*l = append(*l, piece)
}

// spareLogs are pieces of logs that were freed.
var spareLogs = sync.Pool{New: func() any { return new([]Transfer) }}

// Free gives the memory to later logs. The log must not be used afterwards; what was found from it stays valid.
func (l *Log) Free() {
	for i := range *l {
		spareLogs.Put(&(*l)[i])
	}
	*l = nil
}

// transferOf returns a transfer of a chunk.
func transferOf(c *emu.Chunk, i int) Transfer {
	t := &c.Transfers[i]
	return Transfer{Step: uint32(c.First) + t.Step, Kind: t.Kind, From: c.PC[t.Step], To: t.To, SP: t.SP, FP: t.FP,
		LR: t.LR}
}

// len is the number of transfers.
func (l Log) len() int {
	n := 0
	for _, piece := range l {
		n += len(piece)
	}
	return n
}

// Forwards yields the transfers in order.
func (l Log) Forwards() iter.Seq[*Transfer] {
	return func(yield func(*Transfer) bool) {
		for _, piece := range l {
			for i := range piece {
				if !yield(&piece[i]) {
					return
				}
			}
		}
	}
}

// backwards yields the transfers in reverse order.
func (l Log) backwards() iter.Seq[*Transfer] {
	return func(yield func(*Transfer) bool) {
		for p := len(l) - 1; p >= 0; p-- {
			for i := len(l[p]) - 1; i >= 0; i-- {
				if !yield(&l[p][i]) {
					return
				}
			}
		}
	}
}
