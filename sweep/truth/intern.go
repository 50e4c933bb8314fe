// SPDX-License-Identifier: GPL-2.0-only

package truth

import "slices"

// interned returns the history with one node for all that are alike: a function that is called again from the same
// place, by the same callers, gives the same stack. Stacks whose tops are the same node are the same; the converse
// holds unless a caller has very many callees.
func (h *History) interned() *History {
	in := &History{changes: slices.Clone(h.changes), exceptions: map[int32]uint64{}}
	same := make([]int32, len(h.nodes)) // the node of in that stands for a node of h
	kin := []kinship{{child: noNode}}   // of the nodes of in, after that of noNode
	stands := func(n int32) int32 {     // for any node
		if n == noNode {
			return noNode
		}
		return same[n]
	}
	for n, like := range h.nodes {
		like.parent = stands(like.parent)
		from, isException := h.exceptions[int32(n)]
		parent := like.parent + 1
		found := in.childLike(kin, kin[parent].child, &like, from, isException)
		if found == noNode {
			found = in.push(like)
			kin = append(kin, kinship{child: noNode, sibling: kin[parent].child})
			kin[parent].child = found
			if isException {
				in.exceptions[found] = from
			}
		}
		same[n] = found
	}
	for i := range in.changes {
		in.changes[i].top = stands(in.changes[i].top)
	}
	return in
}

// kinship links a node to the newest of its children, and to the next older child of its parent.
type kinship struct{ child, sibling int32 }

// maxSiblings is how many calls by one caller are compared with a new one.
const maxSiblings = 32

// childLike finds a node that is like another, child and its siblings being those that it may be; noNode if none is.
func (h *History) childLike(kin []kinship, child int32, like *node, from uint64, isException bool) int32 {
	for range maxSiblings {
		if child == noNode {
			break
		}
		if at, ok := h.exceptions[child]; h.nodes[child] == *like && ok == isException && at == from {
			return child
		}
		child = kin[child+1].sibling
	}
	return noNode
}
