// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"iter"

	"stacksweep/emu"
)

// A transfer is a change of control flow that matters to a call stack: an emu.Transfer with what the oracles need
// besides.
type transfer struct {
	step     uint32 // in the run
	kind     emu.TransferKind
	from, to uint64
	sp, fp   uint64 // on arrival
}

// transferLog holds the transfers of a run in order, in pieces, so that a long run's need not be copied as they grow.
type transferLog [][]transfer

// transfersOf returns the transfers of a run that was kept.
func transfersOf(r *emu.Recording) (log transferLog) {
	for _, c := range r.Chunks {
		log.add(c)
	}
	return log
}

// add appends the transfers of a chunk.
func (l *transferLog) add(c *emu.Chunk) {
	piece := make([]transfer, len(c.Transfers))
	for i := range c.Transfers {
		t := &c.Transfers[i]
		piece[i] = transfer{step: uint32(c.First) + t.Step, kind: t.Kind, from: c.PC[t.Step], to: t.To, sp: t.SP, fp: t.FP}
	}
	*l = append(*l, piece)
}

// callsNext reports whether a transfer is a call of the next instruction. That is how code learns its own address, and
// how kernels fill the CPU's predictor of returns; nothing is called then.
func (t *transfer) callsNext() bool { return t.kind == emu.Call && t.to == t.from+4 }

// withoutAddressing leaves out the calls of the next instruction from which there is no return: with one, the code was
// called all the same, and runs twice.
func (l transferLog) withoutAddressing(h hooks) transferLog {
	if !l.contains((*transfer).callsNext) {
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
	for t := range l.forwards() {
		index++
		switch t.kind {
		case emu.Call:
			o := open{t.from + 4, -1}
			if t.callsNext() {
				o.index = index
			}
			stack = append(stack, o)
		case emu.Return:
			for len(stack) > 0 && !h.has(t.to) && stack[len(stack)-1].addr != t.to && stack[len(stack)-1].index >= 0 {
				drop()
			}
			if len(stack) > 0 && stack[len(stack)-1].addr == t.to {
				stack = stack[:len(stack)-1]
			}
		}
	}
	for len(stack) > 0 {
		drop()
	}
	var kept []transfer
	index = -1
	for t := range l.forwards() {
		if index++; !dropped[index] {
			kept = append(kept, *t)
		}
	}
	return transferLog{kept}
}

// contains reports whether any of the transfers is of a kind.
func (l transferLog) contains(is func(*transfer) bool) bool {
	for t := range l.forwards() {
		if is(t) {
			return true
		}
	}
	return false
}

// len is the number of transfers.
func (l transferLog) len() int {
	n := 0
	for _, piece := range l {
		n += len(piece)
	}
	return n
}

// forwards yields the transfers in order, backwards in reverse order.
func (l transferLog) forwards() iter.Seq[*transfer] {
	return func(yield func(*transfer) bool) {
		for _, piece := range l {
			for i := range piece {
				if !yield(&piece[i]) {
					return
				}
			}
		}
	}
}

func (l transferLog) backwards() iter.Seq[*transfer] {
	return func(yield func(*transfer) bool) {
		for p := len(l) - 1; p >= 0; p-- {
			for i := len(l[p]) - 1; i >= 0; i-- {
				if !yield(&l[p][i]) {
					return
				}
			}
		}
	}
}

// entersHandlerAtHook reports whether a transfer is an exception that the trampoline itself raises to get into its
// handler, as a kretprobe's BRK does: the handler takes the place of the trampoline, and its ERET is the hooked return.
func (h hooks) entersHandlerAtHook(t *transfer) bool {
	return t.kind == emu.Exception && h.has(t.from)
}
