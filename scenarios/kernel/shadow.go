// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
)

// topWord is what lies above an entry of a shadow stack of words: the distance in words back to the entry, the type
// "bitmap" and, in the bitmap, the first tracer (kernel/trace/fgraph.c).
func topWord(distance uint64) uint64 { return distance | 1<<10 | 1<<12 }

// setShadow fills the task's shadow stack, the oldest entry first.
func (b *builder) setShadow(entries ...fgraph.Entry) {
	g := b.kernel.Graph
	at := uint64(shadowStack)
	for _, e := range entries {
		b.SetWord(at+g.Ret, e.Ret)
		b.SetWord(at+g.Func, e.Func)
		b.SetWord(at+b.Offset("ftrace_ret_stack", "fp"), e.Retp)
		// The key is the address of the caller's record on arm64.
		b.SetWord(at+g.Retp, e.Retp)
		at += g.EntrySize
		if g.Generation == unwind.GraphWords {
			b.SetWord(at, topWord(g.EntrySize/8))
			at += 8
		}
	}
	curr := uint32(len(entries)) - 1
	if g.Generation == unwind.GraphWords {
		curr = uint32(at-shadowStack) / 8
	}
	b.SetWord32(b.task("curr_ret_stack"), curr)
	b.SetWord32(b.task("curr_ret_depth"), uint32(len(entries))-1)
}

// checkShadow checks that the shadow stack is in the end as it is now: its position, and the depth in the word after
// that.
func (b *builder) checkShadow() {
	at := b.task("curr_ret_stack")
	b.check("the position in the shadow stack", at, uint64(b.Word32(at))|uint64(b.Word32(at+4))<<32)
}

// checkShadowEmpty checks that as many entries were popped as were pushed.
func (b *builder) checkShadowEmpty() {
	empty := uint64(0)
	if b.kernel.Graph.Generation == unwind.GraphStructs {
		empty = 0xffffffff
	}
	// curr_ret_depth is the word after curr_ret_stack, and -1 in both generations.
	b.check("the position in the shadow stack", b.task("curr_ret_stack"), empty|0xffffffff<<32)
}

// shadowEntries is how many calls of one tracer find room on the shadow stack: a fixed number of structs, or what fits
// before a page's last words, one for each possible tracer and one more entry (kernel/trace/fgraph.c).
func (b *builder) shadowEntries() uint64 {
	g := b.kernel.Graph
	if g.Generation == unwind.GraphStructs {
		return 50 // FTRACE_RETFUNC_DEPTH
	}
	const words, tracers = guest.PageSize / 8, 16
	entry := g.EntrySize / 8
	return (words - tracers - 1 - entry) / (entry + 1)
}
