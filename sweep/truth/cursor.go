// SPDX-License-Identifier: GPL-2.0-only

package truth

import "slices"

// Cursor returns a cursor before the first step.
func (t *Truth) Cursor() Cursor { return Cursor{Truth: t} }

// A Cursor follows the truth along a run, forwards or from anywhere.
type Cursor struct {
	*Truth
	next int // index of the first change after the current step
	step int // the current step
}

// Seek goes to any step.
func (c *Cursor) Seek(step int) {
	low, high := 0, len(c.changes)
	for low < high {
		if mid := int(uint(low+high) >> 1); int(c.changes[mid].step) <= step {
			low = mid + 1
		} else {
			high = mid
		}
	}
	c.next, c.step = low, step
}

// Advance goes on to a step that is not before the current one.
func (c *Cursor) Advance(step int) {
	c.step = step
	for c.next < len(c.changes) && int(c.changes[c.next].step) <= step {
		c.next++
	}
}

// top returns the innermost return address's node at the current step.
func (c *Cursor) top() int32 {
	if c.next == 0 {
		return noNode
	}
	return c.changes[c.next-1].top
}

// Identity names the stack at the current step. Stacks of the same run that have the same one are the same.
func (c *Cursor) Identity() int32 { return c.top() }

// A Turn is a change of the stack to the one of an identity, so many steps after the current one.
type Turn struct {
	After int32
	To    int32
}

// Turns appends to list what becomes of the stack in the n steps from the current one on.
func (c *Cursor) Turns(n int, list []Turn) []Turn {
	for _, to := range c.changes[c.next:] {
		after := int(to.step) - c.step
		if after >= n {
			break
		}
		list = append(list, Turn{int32(after), to.top})
	}
	return list
}

// Depth is the number of callers on the stack at the current step.
func (c *Cursor) Depth() int {
	n := 0
	for top := c.top(); top != noNode; top = c.node(top).parent {
		n++
	}
	return n
}

// Stack returns the stack at the current step.
func (c *Cursor) Stack() Stack { return Stack{truth: c.Truth, top: c.top()} }

// Base returns the stack at the current step as what a run begins with that interrupts it there.
func (c *Cursor) Base() *Base {
	var from []int32
	for n := c.top(); n != noNode; n = c.node(n).parent {
		from = append(from, n)
	}
	slices.Reverse(from)
	var b Base
	for i, n := range from {
		frame := *c.node(n)
		frame.parent = int32(i) - 1
		b.nodes = append(b.nodes, frame)
		if at, ok := c.exceptions[n]; ok {
			if b.exceptions == nil {
				b.exceptions = map[int32]uint64{}
			}
			b.exceptions[int32(i)] = at
		}
	}
	return &b
}
