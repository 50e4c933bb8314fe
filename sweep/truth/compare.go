// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"slices"

	"stacksweep/unwind"
)

// A Match says how the frames of a walk relate to the true stack.
type Match uint8

const (
	Equal   Match = iota // the same addresses
	More                 // all true addresses in order, and others
	Less                 // only true addresses, in order, and not all of them
	Differs              // neither
)

// Compare compares the frames of a walk, innermost first, with the stack.
func (s *Stack) Compare(frames []unwind.Frame) Match {
	switch {
	case s.equal(frames):
		return Equal
	case s.within(frames):
		return More
	case s.holds(frames):
		return Less
	}
	return Differs
}

// equal reports whether the frames are exactly the true ones. It is the hot path of a sweep.
func (s *Stack) equal(frames []unwind.Frame) bool {
	if len(frames) < s.n {
		return false
	}
	for i, a := range s.front[:s.n] {
		if frames[i].PC != a {
			return false
		}
	}
	n := s.top
	for _, f := range frames[s.n:] {
		if n == noNode || !s.truth.is(n, f.PC) {
			return false
		}
		n = s.truth.node(n).parent
	}
	return n == noNode
}

// within reports whether all true addresses are found, in their order, among the frames.
func (s *Stack) within(frames []unwind.Frame) bool {
	p := s.innermost()
	for i := 0; i < len(frames) && !p.done(); i++ {
		if p.addr() == s.canonical(frames[i].PC) {
			p.next()
		}
	}
	return p.done()
}

// holds reports whether all frames are found, in their order, among the true addresses.
func (s *Stack) holds(frames []unwind.Frame) bool {
	for p := s.innermost(); len(frames) > 0 && !p.done(); p.next() {
		if p.addr() == s.canonical(frames[0].PC) {
			frames = frames[1:]
		}
	}
	return len(frames) == 0
}

// Missing returns the innermost true address that the frames lack, in their order, and the true address inside it, of
// what was called there; 0 where there is none.
func (s *Stack) Missing(frames []unwind.Frame) (missing, inside uint64) {
	for p := s.innermost(); !p.done(); p.next() {
		addr := p.addr()
		at := slices.IndexFunc(frames, func(f unwind.Frame) bool { return s.canonical(f.PC) == addr })
		if at < 0 {
			return addr, inside
		}
		frames, inside = frames[at+1:], addr
	}
	return 0, 0
}

// A place goes through the addresses of a stack, innermost first.
type place struct {
	stack *Stack
	front int // while below stack.n, which of the addresses in front
	node  int32
}

func (s *Stack) innermost() place { return place{stack: s, node: s.top} }

func (p *place) done() bool { return p.front == p.stack.n && p.node == noNode }

func (p *place) addr() uint64 {
	if p.front < p.stack.n {
		return p.stack.front[p.front]
	}
	return p.stack.truth.node(p.node).addr
}

func (p *place) next() {
	if p.front < p.stack.n {
		p.front++
		return
	}
	p.node = p.stack.truth.node(p.node).parent
}
