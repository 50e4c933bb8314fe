// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"fmt"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// A Witness is a third source of the truth, where the code keeps a shadow call stack (clang's and gcc's
// -fsanitize=shadow-call-stack): each function that calls others saves its return address there on entry, and takes it
// from there before it returns. Neither oracle looks at that memory.
//
//	X18 ─►┌────────────────────────────┐ grows upwards
//	      │                            │
//	      │ return address (8 bytes)   │ str x30, [x18], #8
//	      │ of the innermost function  │ ldr x30, [x18, #-8]!
//	      └────────────────────────────┘
//
// It is shown the chunks of a run in order, which must have PCs, stores and frame registers; the truth confirms each of
// them.
type Witness struct {
	Stacks       []unwind.Range       // where shadow call stacks lie
	Saves, Takes func(pc uint64) bool // whether an instruction saves an address there, or takes one back
	PACMask      uint64               // as in [unwind.Layout]: addresses may be signed before they are saved

	seen   []sighting      // in the order of the run, what isn't confirmed
	pops   map[uint64]bool // instructions, by address: whether they take an address back
	taking bool            // the instruction before has: the last of seen lacks the address
	left   bool            // the first of seen is of a chunk before
	top    top             // then: what the truth says there
}

// A sighting is a return address that a function saved or took back.
type sighting struct {
	step uint32
	pc   uint64
	addr uint64
}

// Add shows it the next chunk of the run. A nil Witness sees nothing.
func (w *Witness) Add(c *emu.Chunk) {
	if w == nil {
		return
	}
	stores, frames, lr := c.Stores, c.Frames, uint64(0)
	for step, pc := range c.PC {
		for len(frames) > 0 && int(frames[0].Step) <= step {
			lr, frames = frames[0].LR, frames[1:]
		}
		if w.taking {
			w.seen[len(w.seen)-1].addr = lr
		}
		if w.taking = w.takesBack(pc); w.taking {
			w.seen = append(w.seen, sighting{uint32(c.First + step), pc, 0})
		}
		for len(stores) > 0 && int(stores[0].Step) <= step {
			if s := &stores[0]; w.isShadow(s.Addr) && w.Saves(pc) {
				w.seen = append(w.seen, sighting{uint32(c.First + step), pc, s.New})
			}
			stores = stores[1:]
		}
	}
}

// takesBack reports whether an instruction takes an address from a shadow call stack.
func (w *Witness) takesBack(pc uint64) bool {
	pops, known := w.pops[pc]
	if !known {
		if w.pops == nil {
			w.pops = map[uint64]bool{}
		}
		pops = w.Takes(pc)
		w.pops[pc] = pops
	}
	return pops
}

func (w *Witness) isShadow(addr uint64) bool {
	for _, r := range w.Stacks {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}

// Confirm holds the truth, which must be that of the chunk shown last, against what was seen: what a function saves,
// and what it takes back, is the innermost return address, or a hook that stands in its place. What the chunk's last
// instruction takes back is compared after the next chunk. Confirm returns how many addresses were compared; its error
// is a [Conflict].
func (w *Witness) Confirm(t *Truth) (compared int, err error) {
	if w == nil {
		return 0, nil
	}
	c := t.Cursor()
	for i, s := range w.seen {
		c.Advance(int(s.step))
		says := t.History.top(c.top())
		if i == 0 && w.left {
			says = w.top
		}
		if w.taking && i == len(w.seen)-1 {
			w.seen, w.left, w.top = append(w.seen[:0], s), true, says
			return compared, nil
		}
		addr := s.addr
		if addr>>55&1 != 0 { // a kernel address
			addr |= w.PACMask
		}
		if t.facts.isHook(addr) {
			continue // the caller that is meant is known to the tracer alone
		}
		if says.isEmpty || addr != says.addr && addr != says.from {
			what := fmt.Sprintf("the shadow call stack says return to %#x, at %#x; the oracles say %v", addr, s.pc,
				says)
			return compared, &Conflict{int(s.step), what}
		}
		compared++
	}
	w.seen, w.left = w.seen[:0], false
	return compared, nil
}

// A top is what is innermost on a stack.
type top struct {
	isEmpty    bool
	addr, from uint64 // see [History.is]
}

func (h *History) top(n int32) top {
	if n == noNode {
		return top{isEmpty: true}
	}
	addr := h.node(n).addr
	if from, ok := h.exceptions[n]; ok {
		return top{addr: addr, from: from}
	}
	return top{addr: addr, from: addr}
}

func (t top) String() string {
	if t.isEmpty {
		return "that the stack is empty"
	}
	return fmt.Sprintf("to %#x", t.addr)
}
