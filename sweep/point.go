// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"

	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A Point is one walk with its verdict.
type Point struct {
	verdict.Key
	verdict.Position
	PC        uint64
	Masked    bool   // interrupts are masked at the step
	Exception string // how the exception arrived, if there was one: see [scenarios.Exception]
	verdict.Verdict
	Trace unwind.Trace
	Truth []uint64
}

// Point describes the last walk, which was judged v, as that of a point at a position.
func (p *Prober) Point(walker int, at verdict.Position, v verdict.Verdict) Point {
	point := p.describe(walker, at, verdict.Overlay, v)
	point.complete(&p.stack)
	return point
}

// describe makes a point of the last walk. Until it is completed it shares the prober's memory.
func (p *Prober) describe(walker int, at verdict.Position, d verdict.Delivery, v verdict.Verdict) Point {
	point := Point{
		Key: verdict.Key{Scenario: p.run.Scenario, Variant: p.run.Variant, Walker: p.walkers[walker].Name(),
			Mode: p.mode, Deliver: d},
		Position: at,
		PC:       p.cursor.PC(),
		Masked:   masked(p.cursor),
		Verdict:  v,
		Trace:    p.trace,
	}
	if p.mode.HasException() {
		point.Exception = p.exception.Name
	}
	return point
}

// complete gives the point its own copy of the trace, and the truth.
func (p *Point) complete(stack *truth.Stack) {
	p.Trace.Frames = slices.Clone(p.Trace.Frames)
	p.Trace.Warnings = slices.Clone(p.Trace.Warnings)
	p.Truth = stack.AsFound(p.Trace.Frames)
}
