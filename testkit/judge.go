// SPDX-License-Identifier: GPL-2.0-only

package testkit

import (
	"fmt"
	"slices"
	"strings"
)

// An Answer is what an unwinder says of a point.
type Answer struct {
	// Frames are the walked context's PC and then, outwards, the return addresses of its callers, without signatures
	// (PAC). At an exception the entry code's frame, [Point.StartPC], may be in front or left out.
	Frames []uint64
	// Reliable is the claim that the frames are right and that none is missing.
	Reliable bool
}

// A Verdict is what an answer is worth. The claim is judged: an answer that isn't called reliable is never unsound.
type Verdict int

const (
	Exact   Verdict = iota // reliable, and equal to the truth
	Refused                // not reliable: allowed, though perhaps over-cautious
	Ghost                  // reliable; all true frames in order, and more
	Omitted                // reliable, but a true frame is missing: unsound
	Wrong                  // reliable, but frames are out of order or foreign: unsound
	Fault                  // the unwinder panicked

	numVerdicts
)

func (v Verdict) String() string {
	return [...]string{"exact", "refused", "ghost", "omitted", "wrong", "fault"}[v]
}

// A Report says what became of all points.
type Report struct {
	Counts [numVerdicts]int
	// First is, for each verdict, the first point that got it, as mode and step: "irq@137".
	First [numVerdicts]string
}

// Answered is the number of walks that were called reliable. "0 unsound of 0 answered" says nothing.
func (r *Report) Answered() int { return r.total() - r.Counts[Refused] - r.Counts[Fault] }

// Unsound is the number of walks that live patching would have trusted wrongly, and of those that broke down.
func (r *Report) Unsound() int { return r.Counts[Omitted] + r.Counts[Wrong] + r.Counts[Fault] }

func (r *Report) total() (n int) {
	for _, c := range r.Counts {
		n += c
	}
	return n
}

// String is one line: how many points, how many answered, and the counts that aren't zero.
func (r *Report) String() string {
	parts := []string{fmt.Sprintf("%d points, %d answered", r.total(), r.Answered())}
	for v, n := range r.Counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (first %s)", n, Verdict(v), r.First[v]))
		}
	}
	return strings.Join(parts, ", ")
}

// Judge asks an unwinder about every point of a file. A panic of the unwinder is a verdict of that point.
func Judge(f *File, unwind func(*Point) Answer) *Report {
	r := &Report{}
	f.All(func(p *Point) bool {
		v := judge(p, unwind)
		if r.Counts[v]++; r.Counts[v] == 1 {
			r.First[v] = fmt.Sprintf("%s@%d", p.Mode, p.Step)
		}
		return true
	})
	return r
}

func judge(p *Point, unwind func(*Point) Answer) (v Verdict) {
	defer func() {
		if recover() != nil {
			v = Fault
		}
	}()
	a := unwind(p)
	if !a.Reliable {
		return Refused
	}
	frames := a.Frames
	if p.Mode >= IRQ && (len(frames) == 0 || frames[0] != p.StartPC) {
		frames = append([]uint64{p.StartPC}, frames...)
	}
	switch {
	case slices.EqualFunc(p.Truth, frames, Frame.is):
		return Exact
	case contains(frames, p.Truth, func(addr uint64, f Frame) bool { return f.is(addr) }):
		return Ghost
	case contains(p.Truth, frames, Frame.is):
		return Omitted
	}
	return Wrong
}

// contains reports whether all of few are found among many, in the same order.
func contains[M, F any](many []M, few []F, same func(M, F) bool) bool {
	for _, x := range many {
		if len(few) > 0 && same(x, few[0]) {
			few = few[1:]
		}
	}
	return len(few) == 0
}
