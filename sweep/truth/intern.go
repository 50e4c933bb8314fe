// SPDX-License-Identifier: GPL-2.0-only

package truth

// A table is a history that has one node for all that are alike: a function that is called again from the same place,
// by the same callers, gives the same stack. Stacks whose tops are the same node are the same; the converse holds
// unless a caller has very many callees.
type table struct {
	History
	kin  []kinship // of the nodes, after that of noNode
	same []int32   // the number of the node that stands for one of the history that is being added
}

func newTable() *table {
	in := &table{}
	in.clear()
	return in
}

// interned returns the history with one node for all that are alike, and frees it.
func (h *History) interned() *History {
	in := newTable()
	in.enter(h)
	return &in.History
}

// clear forgets all nodes. New ones have other numbers.
func (in *table) clear() {
	in.first += int32(len(in.nodes))
	in.nodes, in.changes, in.exceptions = in.nodes[:0], nil, map[int32]uint64{}
	in.kin = append(in.kin[:0], kinship{child: noNode})
}

// enter makes the changes those of another history, which it frees, and adds what nodes they need.
func (in *table) enter(h *History) {
	in.same = in.same[:0]
	stands := func(n int32) int32 { // for any node
		if n == noNode {
			return noNode
		}
		return in.same[n]
	}
	for n, like := range h.nodes {
		like.parent = stands(like.parent)
		from, isException := h.exceptions[int32(n)]
		kin := &in.kin[0]
		if like.parent != noNode {
			kin = &in.kin[like.parent-in.first+1]
		}
		found := in.childLike(kin.child, &like, from, isException)
		if found == noNode {
			found = in.first + in.push(like)
			older := kin.child
			kin.child = found
			in.kin = append(in.kin, kinship{child: noNode, sibling: older})
			if isException {
				in.exceptions[found] = from
			}
		}
		in.same = append(in.same, found)
	}
	in.changes, h.changes = h.changes, in.changes
	for i := range in.changes {
		in.changes[i].top = stands(in.changes[i].top)
	}
	h.free()
}

// kinship links a node to the newest of its children, and to the next older child of its parent.
type kinship struct{ child, sibling int32 }

// maxSiblings is how many calls by one caller are compared with a new one.
const maxSiblings = 32

// childLike finds a node that is like another, child and its siblings being those that it may be; noNode if none is.
func (in *table) childLike(child int32, like *node, from uint64, isException bool) int32 {
	for range maxSiblings {
		if child == noNode {
			break
		}
		if at, ok := in.exceptions[child]; *in.node(child) == *like && ok == isException && at == from {
			return child
		}
		child = in.kin[child-in.first+1].sibling
	}
	return noNode
}
