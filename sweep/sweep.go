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
	"slices"
	"sync"

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

	Progress *Progress // is kept up to date, if not nil
}

// takes reports whether exceptions are taken for real: all of them, or the first of each pair.
func (o *Options) takes() bool { return o.Deliver == Taken || slices.Contains(o.Modes, Pairs) }

// A Target is a scenario in one of its variants.
type Target struct {
	Scenario  *scenarios.Scenario
	Variant   string
	Interrupt Interruption // not for sweeps, which choose the places themselves
}

// An Interruption is an interrupt that is taken during a run.
type Interruption struct {
	Taken bool   // there is one
	Step  int    // before which it is taken
	place string // if not empty, Step is to be found by it
}

func (t Target) String() string { return t.Scenario.Name + ":" + t.Variant }

// A RunResult is what came out of one target.
type RunResult struct {
	Scenario, Variant string
	Steps             int // instructions executed
	// Partial: the sweep was cancelled when Judged of the instructions had been judged, not always the first ones.
	// Everything else is about these.
	Partial    bool
	Judged     int
	Summaries  []Summary
	Deviations []Deviation // with Options.Deliver Taken: what must not happen
	Untaken    int         // with Options.Deliver Taken: exceptions for which there was no stack; they were overlaid
	Windows    []Window
	Points     []Point // those that Options.Keep wanted, by step, mode and walker
	Symbols    *image.Symbols
	Claimless  map[string]bool // walkers, by name, that can't tell whether a trace is reliable
	Coverage   *Coverage       // which instructions were executed, if Options.Cover
}

// Sweep sweeps all targets and hands over each result, in the order of the targets, as soon as it and all before it
// are there. It stops at the first error, which names the target.
//
// If the context is cancelled it hands over what was done until then, in part where a target was under way, and returns an
// *[Interrupted].
func Sweep(ctx context.Context, targets []Target, o Options, done func(*RunResult) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		result *RunResult
		err    error
	}
	outcomes := make([]chan outcome, len(targets))
	for i := range outcomes {
		outcomes[i] = make(chan outcome, 1)
	}
	var next sync.Mutex
	claimed := 0
	claim := func() int {
		next.Lock()
		defer next.Unlock()
		claimed++
		return claimed - 1
	}
	o.Progress.start(len(targets))
	for range max(1, o.Jobs) {
		go func() {
			for i := claim(); i < len(targets); i = claim() {
				result, err := sweepTarget(ctx, targets[i], &o)
				o.Progress.end()
				outcomes[i] <- outcome{result, err}
			}
		}()
	}
	cut := Interrupted{Targets: len(targets)}
	for i, t := range targets {
		out := <-outcomes[i]
		if out.err != nil && errors.Is(out.err, ctx.Err()) {
			cut.cause = out.err // it was not begun
			continue
		}
		if out.err == nil {
			if cut.Complete++; out.result.Partial {
				cut.Complete--
				cut.Partial++
				cut.cause = ctx.Err()
			}
			out.err = done(out.result)
		}
		if out.err != nil {
			return fmt.Errorf("%s: %w", t, out.err)
		}
	}
	if cut.cause != nil {
		return &cut
	}
	return nil
}

func sweepTarget(ctx context.Context, t Target, o *Options) (*RunResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	run, err := t.Scenario.Build(t.Variant, o.Build)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return newRunner(run, o).sweep(ctx)
}
