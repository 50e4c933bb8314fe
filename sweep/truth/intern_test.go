// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// The same stack is the same node, whichever call made it, and every step still has the stack that it had.
func TestInterned(t *testing.T) {
	h := &History{exceptions: map[int32]uint64{}}
	r := rand.New(rand.NewPCG(1, 1))
	top := int32(noNode)
	depth := 0
	for step := range uint32(20_000) {
		switch {
		case depth > 0 && r.IntN(2) == 0:
			top = h.nodes[top].parent
			depth--
		case depth < 3:
			addr := 0x1000 + 4*uint64(r.IntN(3))
			top = h.push(node{addr: addr, sp: 0x8000 - 16*uint64(depth), fp: 16 * uint64(r.IntN(2)), parent: top})
			depth++
			if r.IntN(5) == 0 {
				h.exceptions[top] = addr - 4*uint64(r.IntN(2))
			}
		}
		h.changes = append(h.changes, change{step, top})
	}
	// describe says all that there is to a stack.
	type frame struct {
		addr, sp, fp, from uint64
		isException        bool
	}
	describe := func(h *History, top int32) (all []frame) {
		for n := top; n != noNode; n = h.nodes[n].parent {
			from, ok := h.exceptions[n]
			all = append(all, frame{h.nodes[n].addr, h.nodes[n].sp, h.nodes[n].fp, from, ok})
		}
		return all
	}
	shown := *h
	shown.nodes, shown.changes = slices.Clone(h.nodes), slices.Clone(h.changes)
	shown.exceptions = maps.Clone(h.exceptions)
	in := shown.interned()
	if len(in.nodes) >= len(h.nodes)/2 {
		t.Errorf("%d nodes of %d are left", len(in.nodes), len(h.nodes))
	}
	byTop := map[int32][]frame{}
	for i, c := range h.changes {
		want, got := describe(h, c.top), describe(in, in.changes[i].top)
		if !slices.Equal(want, got) || in.changes[i].step != c.step {
			t.Fatalf("step %d: %v, was %v", c.step, got, want)
		}
		if before, ok := byTop[in.changes[i].top]; ok && !slices.Equal(before, got) {
			t.Fatalf("step %d: one node for %v and %v", c.step, before, got)
		}
		byTop[in.changes[i].top] = got
	}
	for a, x := range byTop {
		for b, y := range byTop {
			if a != b && slices.Equal(x, y) {
				t.Fatalf("two nodes for %v", x)
			}
		}
	}
}
