// SPDX-License-Identifier: GPL-2.0-only

package truth

import "stacksweep/unwind"

// A Trail remembers to which callers the frames of a walk were equal, outermost first. It makes the comparison of a
// walk that was resumed ([unwind.Resumer]) as short as the walk: the callers of a caller never change.
type Trail struct {
	nodes []int32 // only of a walk that is equal to the truth as a whole
}

// Forget is for another truth.
func (t *Trail) Forget() { t.nodes = t.nodes[:0] }

// Cut forgets all but the outermost frames, as many as kept. It is for a walk that isn't compared.
func (t *Trail) Cut(kept int) { t.nodes = t.nodes[:min(kept, len(t.nodes))] }

// EqualFrom reports whether frames, followed by the outermost frames of the walk before, as many as known, are exactly
// the true ones, as far as the trail can tell: if known is not 0, false may mean that it can't.
func (s *Stack) EqualFrom(frames []unwind.Frame, known int, t *Trail) bool {
	if len(t.nodes) < known || len(frames) < s.n {
		t.Forget()
		return false
	}
	t.nodes = t.nodes[:known]
	for i, a := range s.front[:s.n] {
		if frames[i].PC != a {
			t.Forget()
			return false
		}
	}
	frames = frames[s.n:]
	node := s.top
	for _, f := range frames {
		if node == noNode || !s.truth.is(node, f.PC) {
			t.Forget()
			return false
		}
		node = s.truth.node(node).parent
	}
	outer := int32(noNode)
	if known > 0 {
		outer = t.nodes[known-1]
	}
	if node != outer {
		t.Forget()
		return false
	}
	for range frames {
		t.nodes = append(t.nodes, 0)
	}
	node = s.top
	for i := range frames {
		t.nodes[known+len(frames)-1-i] = node
		node = s.truth.node(node).parent
	}
	return true
}
