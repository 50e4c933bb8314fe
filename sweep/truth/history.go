// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"maps"
	"slices"
	"sync"
)

// A stack of return addresses, innermost first, is a list of nodes linked to their parents: neighbouring steps of a
// run share all but the top.
type node struct {
	addr   uint64 // where control returns to
	sp, fp uint64 // SP and X29 of the caller, at the call or on the return: both must be the same
	parent int32  // the next outer node, or noNode
}

const noNode = -1

// A change says that from before a step on, until the next change, the stack's top is node.
type change struct {
	step uint32
	top  int32
}

// A History is the stack at every step of a run, as one oracle sees it.
type History struct {
	first   int32 // the number of the first node: 0, but in a table that was cleared
	nodes   []node
	changes []change // one per transfer, by step; before the first of them the stack is empty

	// exceptions are the nodes that exceptions made, with the address of the instruction that was interrupted. The
	// node itself has the address where the exception returned to: its handler may have gone on elsewhere
	// (Facts.goesOn).
	exceptions map[int32]uint64
}

// node returns the node that has a number.
func (h *History) node(n int32) *node { return &h.nodes[n-h.first] }

// is reports whether a return address that an unwinder found is that of a node. Of an exception's frame it may find
// either end: its pt_regs hold one until the handler has put the other one there.
func (h *History) is(n int32, addr uint64) bool {
	if h.node(n).addr == addr {
		return true
	}
	from, ok := h.exceptions[n]
	return ok && from == addr
}

// A Base is the stack that a run begins with, and ends with: empty, or the stack of a run that it interrupts.
type Base struct {
	nodes      []node // outermost first, each the next one's parent
	exceptions map[int32]uint64
}

// Depth is the number of callers on the stack.
func (b *Base) Depth() int {
	if b == nil {
		return 0
	}
	return len(b.nodes)
}

// Outer returns the base without its innermost caller.
func (b *Base) Outer() *Base { return &Base{nodes: b.nodes[:len(b.nodes)-1], exceptions: b.exceptions} }

// top returns the innermost node, or noNode.
func (b *Base) top() int32 { return int32(b.Depth()) - 1 }

// newHistory begins with a base, and has room for what a log of transfers will make of it: a run calls as often as it
// returns.
func newHistory(log Log, b *Base) *History {
	n := log.len()
	h := spareHistories.Get().(*History)
	h.nodes = slices.Grow(h.nodes[:0], b.Depth()+n/2+1)[:b.Depth()]
	h.changes = slices.Grow(h.changes[:0], n)
	if h.exceptions == nil {
		h.exceptions = map[int32]uint64{}
	}
	if b != nil {
		copy(h.nodes, b.nodes)
		maps.Copy(h.exceptions, b.exceptions)
	}
	return h
}

// spareHistories are histories that were freed.
var spareHistories = sync.Pool{New: func() any { return new(History) }}

// free gives the memory to later histories. The history must not be used afterwards.
func (h *History) free() {
	clear(h.exceptions)
	spareHistories.Put(h)
}

func (h *History) push(n node) int32 {
	h.nodes = append(h.nodes, n)
	return int32(len(h.nodes) - 1)
}
