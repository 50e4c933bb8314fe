// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"maps"

	"stacksweep/scenarios"
)

// A stack of return addresses, innermost first, is a list of nodes linked to their parents: neighbouring moments of a
// run share all but the top.
type node struct {
	addr   uint64 // where control returns to
	sp, fp uint64 // SP and X29 of the caller, at the call or on the return: both must be the same
	parent int32  // the next outer node, or noNode
}

const noNode = -1

// change says that from before a step on, until the next change, the stack's top is node.
type change struct {
	step uint32
	top  int32
}

// A history is the stack at every step of a run, as one oracle sees it.
type history struct {
	nodes   []node
	changes []change // one per transfer, by step; before the first of them the stack is empty

	// exceptions are the nodes that exceptions made, with the address of the instruction that was interrupted. The
	// node itself has the address where the exception returned to: its handler may have gone on elsewhere (known.goesOn).
	exceptions map[int32]uint64
}

// is reports whether a return address that an unwinder found is that of a node. Of an exception's frame it may find
// either end: its pt_regs hold one until the handler has put the other one there.
func (h *history) is(n int32, addr uint64) bool {
	if h.nodes[n].addr == addr {
		return true
	}
	from, ok := h.exceptions[n]
	return ok && from == addr
}

// A base is the stack that a run begins with, and ends with: empty, or the stack of a run that it interrupts.
type base struct {
	nodes      []node // outermost first, each the next one's parent
	exceptions map[int32]uint64
}

// top returns the innermost node, or noNode.
func (b *base) top() int32 { return int32(len(b.nodes)) - 1 }

// newHistory begins with a base, and has room for what a log of transfers will make of it: a run calls as often as it
// returns.
func newHistory(log transferLog, b *base) *history {
	n := log.len()
	h := &history{nodes: make([]node, len(b.nodes), len(b.nodes)+n/2+1), changes: make([]change, 0, n), exceptions: map[int32]uint64{}}
	copy(h.nodes, b.nodes)
	maps.Copy(h.exceptions, b.exceptions)
	return h
}

func (h *history) push(n node) int32 {
	h.nodes = append(h.nodes, n)
	return int32(len(h.nodes) - 1)
}

// known is what the oracles know of the code under test, besides what it does.
type known struct {
	hooks  hooks
	fixups map[uint64]uint64 // where an exception at an instruction of the exception table may return to
}

func knownOf(run *scenarios.Run) known { return known{run.Hooks, run.Fixups} }

// goesOn reports whether an exception at from may return to an address: the interrupted instruction is executed again,
// or its handler goes on behind it. An instruction that is in the exception table goes on at its fix-up, and any other
// at the next one, as a kprobe's BRK does when the handler has done the work of what it displaced.
func (k known) goesOn(from, to uint64) bool {
	if to == from {
		return true
	}
	if fixup, ok := k.fixups[from]; ok {
		return to == fixup
	}
	return to == from+4
}

// hooks is the set of addresses at which a hooked return arrives: return_to_handler, a kretprobe trampoline.
// A function that returns there has not yet returned, in the logical sense, to its caller.
type hooks []uint64

func (h hooks) has(addr uint64) bool {
	for _, a := range h {
		if a == addr {
			return true
		}
	}
	return false
}
