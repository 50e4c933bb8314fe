// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"fmt"
	"slices"

	"stacksweep/unwind"
)

// ErrConflict says that the two oracles disagree about the true call stack. The harness, or the scenario's list of
// hooks, is wrong; no verdict can be trusted.
var ErrConflict = errors.New("oracle conflict")

// A Conflict is where and how the oracles disagree. It is an [ErrConflict].
type Conflict struct {
	Step int
	What string
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("%v at step %d: %s", ErrConflict, c.Step, c.What)
}

// Is makes errors.Is(err, ErrConflict) true.
func (c *Conflict) Is(target error) bool { return target == ErrConflict }

// An oracle tells the stack at every step of a run from its transfers.
type oracle func(transferLog, known, *base) (*history, error)

// truth is the call stack at every step of a complete run, on which both oracles agree.
type truth struct {
	*history
	hooks hooks
}

// findTruth asks two oracles, which know the run from its two ends, and compares their answers.
func findTruth(log transferLog, k known, under *base, a, b oracle) (*truth, error) {
	log = log.withoutAddressing(k.hooks)
	p, err := a(log, k, under)
	if err != nil {
		return nil, err
	}
	f, err := b(log, k, under)
	if err != nil {
		return nil, err
	}
	if err := agree(p, f, under); err != nil {
		return nil, err
	}
	return &truth{p, k.hooks}, nil
}

// agree compares two histories. Besides the addresses it holds the caller's SP and X29 at each call against those on
// return: within one activation the CFA is constant.
func agree(p, f *history, under *base) error {
	if len(p.changes) != len(f.changes) {
		return &Conflict{What: "the oracles saw a different number of transfers"}
	}
	twin := make([]int32, len(p.nodes)) // the node of f that says the same, plus one; 0 while unknown
	for n := range under.nodes {
		twin[n] = int32(n) + 1
	}
	for i := range p.changes {
		pt, ft := p.changes[i].top, f.changes[i].top
		step := int(p.changes[i].step)
		if pt == noNode || ft == noNode {
			if pt != ft {
				return &Conflict{step, "only one oracle says that the stack is empty"}
			}
			continue
		}
		if twin[pt] == ft+1 {
			continue
		}
		a, b := &p.nodes[pt], &f.nodes[ft]
		switch {
		case twin[pt] != 0:
			return &Conflict{step, fmt.Sprintf("the call that returns to %#x returns twice", a.addr)}
		case a.addr != b.addr:
			return &Conflict{step, fmt.Sprintf("past says return to %#x, future says %#x", a.addr, b.addr)}
		case p.exceptions[pt] != f.exceptions[ft]:
			return &Conflict{step, fmt.Sprintf("return to %#x: only one oracle says that an exception at %#x led there", a.addr, p.exceptions[pt]|f.exceptions[ft])}
		case a.sp != b.sp || a.fp != b.fp:
			return &Conflict{step, fmt.Sprintf("return to %#x: SP %#x, X29 %#x at the call, but SP %#x, X29 %#x on return", a.addr, a.sp, a.fp, b.sp, b.fp)}
		case a.parent == noNode && b.parent != noNode || a.parent != noNode && twin[a.parent] != b.parent+1:
			return &Conflict{step, fmt.Sprintf("return to %#x: the oracles disagree about its caller", a.addr)}
		}
		twin[pt] = ft + 1
	}
	return nil
}

// A truthCursor follows the truth along a run, forwards or from anywhere.
type truthCursor struct {
	*truth
	next int // index of the first change behind the current step
}

// seek goes to any step.
func (c *truthCursor) seek(step int) {
	low, high := 0, len(c.changes)
	for low < high {
		if mid := int(uint(low+high) >> 1); int(c.changes[mid].step) <= step {
			low = mid + 1
		} else {
			high = mid
		}
	}
	c.next = low
}

// advance goes on to a step that is not before the current one.
func (c *truthCursor) advance(step int) {
	for c.next < len(c.changes) && int(c.changes[c.next].step) <= step {
		c.next++
	}
}

// top returns the innermost return address's node at the current step.
func (c *truthCursor) top() int32 {
	if c.next == 0 {
		return noNode
	}
	return c.changes[c.next-1].top
}

// A trueStack is the truth at one point: some addresses in front, then the return addresses from a node outwards.
type trueStack struct {
	truth *truth
	front [8]uint64
	n     int // how many of front are used
	top   int32
}

// put adds an address behind the front ones, unless it is a hook's: the logical frame there is the caller behind it.
func (s *trueStack) put(addr uint64) {
	if !s.truth.hooks.has(addr) {
		s.front[s.n] = addr
		s.n++
	}
}

// canonical is the address in the truth that a found one stands for: see history.is.
func (s *trueStack) canonical(addr uint64) uint64 {
	if len(s.truth.exceptions) == 0 {
		return addr
	}
	for n := s.top; n != noNode; n = s.truth.nodes[n].parent {
		if s.truth.is(n, addr) {
			return s.truth.nodes[n].addr
		}
	}
	return addr
}

// asFound lists the truth, with those addresses of exceptions' frames that a walk found.
func (s *trueStack) asFound(frames []unwind.Frame) []uint64 {
	list := s.append(nil)
	if len(s.truth.exceptions) == 0 {
		return list
	}
	i := s.n
	for n := s.top; n != noNode; n = s.truth.nodes[n].parent {
		if from, ok := s.truth.exceptions[n]; ok && slices.ContainsFunc(frames, func(f unwind.Frame) bool { return f.PC == from }) {
			list[i] = from
		}
		i++
	}
	return list
}

// append adds the stack's addresses to list, innermost first.
func (s *trueStack) append(list []uint64) []uint64 {
	list = append(list, s.front[:s.n]...)
	for n := s.top; n != noNode; n = s.truth.nodes[n].parent {
		list = append(list, s.truth.nodes[n].addr)
	}
	return list
}
