// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"slices"

	"stacksweep/unwind"
)

// A Verdict is the judgement of one walk. Live patching acts on the claim that a trace is reliable, so the claim is
// judged and not only the list of frames.
type Verdict uint8

const (
	Exact   Verdict = iota // reliable, and equal to the truth
	Refused                // not called reliable: conforming, though over-cautious where the truth could be known
	Ghost                  // reliable, has all true frames in order, and more
	Omitted                // reliable, and a true frame is missing: live patching would patch under a running function
	Wrong                  // reliable, but frames are out of order or of no true caller
	Fault                  // the walker panicked, did not end, or read what it must not
	numVerdicts
)

var verdictNames = [numVerdicts]string{"exact", "refused", "ghost", "omitted", "wrong", "fault"}

func (v Verdict) String() string { return verdictNames[v] }

// Verdicts lists all verdicts.
func Verdicts() []Verdict { return []Verdict{Exact, Refused, Ghost, Omitted, Wrong, Fault} }

// ParseVerdict is the inverse of String.
func ParseVerdict(s string) (Verdict, error) {
	for i, n := range verdictNames {
		if n == s {
			return Verdict(i), nil
		}
	}
	return 0, fmt.Errorf("no verdict %q", s)
}

// Letter stands for the verdict in a column of them; Legend says what the letters mean.
func (v Verdict) Letter() byte { return ".rgOWF"[v] }

// Legend explains the letters of verdicts.
const Legend = ". exact  r refused  g ghost  O omitted  W wrong  F fault"

// Conforming reports whether a kernel may act on the walk.
func (v Verdict) Conforming() bool { return v == Exact || v == Refused }

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
func (s *trueStack) judge(t *unwind.Trace, scratch *[]uint64) Verdict {
	if !t.Reliable {
		return Refused
	}
	if s.equal(t.Frames) {
		return Exact
	}
	*scratch = s.append((*scratch)[:0])
	truth := *scratch
	switch {
	case inOrder(len(truth), len(t.Frames), func(i, j int) bool { return truth[i] == s.canonical(t.Frames[j].PC) }):
		return Ghost
	case inOrder(len(t.Frames), len(truth), func(i, j int) bool { return s.canonical(t.Frames[i].PC) == truth[j] }):
		return Omitted
	}
	return Wrong
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
