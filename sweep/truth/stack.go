// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"slices"

	"stacksweep/unwind"
)

// A Stack is the truth at one step: some addresses in front, then the return addresses from a caller outwards.
type Stack struct {
	truth *Truth
	front [8]uint64
	n     int // how many of front are used
	top   int32
}

// Push adds an address after those in front, further in than all callers. A hook's address is left out: the logical
// frame there is the caller that the hook will return to.
func (s *Stack) Push(addr uint64) {
	if !s.truth.facts.isHook(addr) {
		s.front[s.n] = addr
		s.n++
	}
}

// Callers returns the stack without the addresses in front.
func (s *Stack) Callers() Stack { return Stack{truth: s.truth, top: s.top} }

// canonical is the address in the truth that a found one is another name of: see History.is.
func (s *Stack) canonical(addr uint64) uint64 {
	if len(s.truth.exceptions) == 0 {
		return addr
	}
	for n := s.top; n != noNode; n = s.truth.node(n).parent {
		if s.truth.is(n, addr) {
			return s.truth.node(n).addr
		}
	}
	return addr
}

// AsFound lists the addresses, innermost first. Of an exception's frame it lists the address that a walk found: the
// interrupted instruction, or where the exception returned to.
func (s *Stack) AsFound(frames []unwind.Frame) []uint64 {
	list := s.Append(nil)
	if len(s.truth.exceptions) == 0 {
		return list
	}
	i := s.n
	for n := s.top; n != noNode; n = s.truth.node(n).parent {
		if from, ok := s.truth.exceptions[n]; ok && slices.ContainsFunc(frames, func(f unwind.Frame) bool {
			return f.PC == from
		}) {
			list[i] = from
		}
		i++
	}
	return list
}

// Append adds the stack's addresses to list, innermost first.
func (s *Stack) Append(list []uint64) []uint64 {
	list = append(list, s.front[:s.n]...)
	for n := s.top; n != noNode; n = s.truth.node(n).parent {
		list = append(list, s.truth.node(n).addr)
	}
	return list
}
