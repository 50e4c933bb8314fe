// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"iter"

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
	piece := make([]Transfer, len(c.Transfers))
	for i := range c.Transfers {
		t := &c.Transfers[i]
		piece[i] = Transfer{Step: uint32(c.First) + t.Step, Kind: t.Kind, From: c.PC[t.Step], To: t.To, SP: t.SP,
			FP: t.FP, LR: t.LR}
	}
	*l = append(*l, piece)
}

// callsNext reports whether a transfer is a call of the next instruction. That is how code learns its own address, and
// how kernels fill the CPU's predictor of returns; nothing is called then.
func (t *Transfer) callsNext() bool { return t.Kind == emu.Call && t.To == t.From+4 }

// withoutAddressing leaves out the calls of the next instruction from which there is no return: with one, the code was
// called anyway, and runs twice.
func (l Log) withoutAddressing(facts *Facts) Log {
	if !l.contains((*Transfer).callsNext) {
		return l
	}
	type open struct {
		addr  uint64
		index int // of a call of the next instruction in the log, else -1
	}
	var stack []open
	dropped := map[int]bool{}
	drop := func() {
		if top := stack[len(stack)-1]; top.index >= 0 {
			dropped[top.index] = true
		}
		stack = stack[:len(stack)-1]
	}
	index := -1
	for t := range l.Forwards() {
		index++
		switch t.Kind {
		case emu.Call:
			o := open{t.From + 4, -1}
			if t.callsNext() {
				o.index = index
			}
			stack = append(stack, o)
		case emu.Return:
			for len(stack) > 0 && !facts.isHook(t.To) && stack[len(stack)-1].addr != t.To &&
				stack[len(stack)-1].index >= 0 {
				drop()
			}
			if len(stack) > 0 && stack[len(stack)-1].addr == t.To {
				stack = stack[:len(stack)-1]
			}
		}
	}
	for len(stack) > 0 {
		drop()
	}
	var kept []Transfer
	index = -1
	for t := range l.Forwards() {
		if index++; !dropped[index] {
			kept = append(kept, *t)
		}
	}
	return Log{kept}
}

// contains reports whether any of the transfers is of a kind.
func (l Log) contains(is func(*Transfer) bool) bool {
	for t := range l.Forwards() {
		if is(t) {
			return true
		}
	}
	return false
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
