// Package sweep puts unwinders to the test: it executes a scenario, walks the stack at every point of the run with
// every walker, and judges each walk against the true call stack.
//
// The truth comes from two oracles which know nothing of unwinding and must agree: one keeps a shadow call stack as
// the run goes on, the other goes backwards through the recording and collects the places to which control later
// returned. Where they disagree the harness is wrong, and the sweep ends in [ErrConflict].
package sweep

import (
	"context"
	"errors"
	"fmt"

	"stacksweep/emu/image"
	"stacksweep/scenarios"
)

// Options of a sweep.
type Options struct {
	Walkers []WalkerSpec
	Modes   []Mode
	Jobs    int               // how many goroutines may work; the result doesn't depend on it
	Keep    func(*Point) bool // which points to keep; nil: none
	Deliver Delivery          // of the exceptions in modes that have one
	Build   scenarios.Options
	Expect  []Expectation
	Cover   bool // fill in RunResult.Coverage

	// Points, if not nil, is handed the points that are kept, in the order that RunResult.Points has, while the sweep
	// goes on: those of a target after the result of the target before it, before its own, and all of a step at once.
	// A sweep then needs bounded memory, however many they are. nil: they are collected in RunResult.Points.
	Points func(*Subject, []Point) error
}

// A Target is a scenario in one of its variants.
type Target struct {
	Scenario *scenarios.Scenario
	Variant  string
}

func (t Target) String() string { return t.Scenario.Name + ":" + t.Variant }

// A Subject is what was swept: a target, and what there is to know about it beforehand.
type Subject struct {
	Scenario, Variant string
	Symbols           *image.Symbols
	Claimless         map[string]bool // walkers, by name, that can't tell whether a trace is reliable
}

// A RunResult is what came out of one target.
type RunResult struct {
	*Subject
	Steps      int // instructions executed
	Summaries  []Summary
	Deviations []Deviation // with Options.Deliver Taken: what must not happen
	Untaken    int         // with Options.Deliver Taken: exceptions for which there was no stack; they were overlaid
	Windows    []Window
	Points     []Point   // those that Options.Keep wanted, by step, mode and walker, unless Options.Points got them
	Coverage   *Coverage // which instructions were executed, if Options.Cover
}

// ahead is how many targets a goroutine may be ahead of the one whose result is handed over: what it has found waits.
const ahead = 2

// Sweep sweeps all targets and hands over each result, in the order of the targets, as soon as it and all before it
// are there. It stops at the first error, which names the target.
func Sweep(ctx context.Context, targets []Target, o Options, done func(*RunResult) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs := max(1, o.Jobs)
	queue := make(chan int, ahead*jobs)
	defer close(queue)
	outcomes := make([]outcome, len(targets))
	for i := range outcomes {
		outcomes[i] = outcome{points: make(chan batch, 1), end: make(chan conclusion, 1)}
		if i < cap(queue) {
			queue <- i
		}
	}
	for range jobs {
		go func() {
			for i := range queue {
				outcomes[i].sweep(ctx, targets[i], &o)
			}
		}()
	}
	for i, t := range targets {
		if err := outcomes[i].handOver(&o, done); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		if next := i + cap(queue); next < len(targets) {
			queue <- next
		}
	}
	return nil
}

// An outcome is how what a goroutine finds out about a target gets to the caller of Sweep. The goroutine waits when a
// batch of points isn't taken from it.
type outcome struct {
	points chan batch // closed at the end
	end    chan conclusion
}

type batch struct {
	subject *Subject
	points  []Point
}

type conclusion struct {
	result *RunResult
	err    error
}

func (c *outcome) sweep(ctx context.Context, t Target, o *Options) {
	result, err := sweepTarget(ctx, t, o, func(s *Subject, points []Point) error {
		select {
		case c.points <- batch{s, points}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	close(c.points)
	c.end <- conclusion{result, err}
}

func (c *outcome) handOver(o *Options, done func(*RunResult) error) error {
	var collected []Point
	for b := range c.points {
		if o.Points == nil {
			collected = append(collected, b.points...)
		} else if err := o.Points(b.subject, b.points); err != nil {
			return err
		}
	}
	end := <-c.end
	if end.err != nil {
		return end.err
	}
	end.result.Points = collected
	return done(end.result)
}

func sweepTarget(ctx context.Context, t Target, o *Options, points func(*Subject, []Point) error) (*RunResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	run, err := t.Scenario.Build(t.Variant, o.Build)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	r := newRunner(run, o)
	r.points = points
	return r.sweep(ctx)
}
