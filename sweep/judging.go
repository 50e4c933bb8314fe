// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"

	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// equal reports whether the frames are exactly the true ones. It is the hot path of a sweep.
func (s *trueStack) equal(frames []unwind.Frame) bool {
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
		n = s.truth.nodes[n].parent
	}
	return n == noNode
}

// judge compares a walk with the truth. scratch is for its use.
func (s *trueStack) judge(t *unwind.Trace, scratch *[]uint64) verdict.Verdict {
	if !t.Reliable {
		return verdict.Refused
	}
	if s.equal(t.Frames) {
		return verdict.Exact
	}
	*scratch = s.append((*scratch)[:0])
	truth := *scratch
	switch {
	case inOrder(len(truth), len(t.Frames), func(i, j int) bool { return truth[i] == s.canonical(t.Frames[j].PC) }):
		return verdict.Ghost
	case inOrder(len(t.Frames), len(truth), func(i, j int) bool { return s.canonical(t.Frames[i].PC) == truth[j] }):
		return verdict.Omitted
	}
	return verdict.Wrong
}

// inOrder reports whether n things are found, in their order, among m others.
func inOrder(n, m int, same func(i, j int) bool) bool {
	i := 0
	for j := 0; j < m && i < n; j++ {
		if same(i, j) {
			i++
		}
	}
	return i == n
}

// missing returns the innermost true address that the frames lack, in their order, or 0.
func (s *trueStack) missing(frames []unwind.Frame, scratch *[]uint64) uint64 {
	*scratch = s.append((*scratch)[:0])
	i := 0
	for _, addr := range *scratch {
		at := slices.IndexFunc(frames[i:], func(f unwind.Frame) bool { return s.canonical(f.PC) == addr })
		if at < 0 {
			return addr
		}
		i += at + 1
	}
	return 0
}
