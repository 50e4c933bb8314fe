// SPDX-License-Identifier: GPL-2.0-only

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

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// Options of a sweep.
type Options struct {
	Walkers []registry.Spec
	Modes   []verdict.Mode
	Jobs    int               // how many goroutines may work; the result doesn't depend on it
	Keep    func(*Point) bool // which points to keep; nil: none
	Deliver verdict.Delivery  // of the exceptions in modes that have one
	Build   scenarios.Options
	Expect  []verdict.Expectation
	Cover   bool // fill in RunResult.Visited

	// Points, if not nil, is handed the points that are kept, in the order that RunResult.Points has, while the sweep
	// goes on: those of a target after the result of the target before it, before its own, and all of a step at once.
	// A sweep then needs bounded memory, however many they are. nil: they are collected in RunResult.Points.
	Points func(*Subject, []Point) error

	// Failed, if not nil, is asked about a target that couldn't be swept. The sweep goes on with the others unless it
	// returns an error.
	Failed func(t verdict.Target, err error) error

	// WholeWalks makes every walk begin at the innermost frame and go to the end. Otherwise a walker that can do it
	// goes on from its last walk where nothing has changed, see [unwind.Resumer], or knows a walk again, see
	// [unwind.Recaller], with the same results.
	WholeWalks bool

	Progress *Progress // is kept up to date, if not nil

	// Oracles know the truth. The zero value means truth.Past and truth.Future; others are for tests of the sweep
	// itself.
	Oracles truth.Oracles

	audit auditor
}

// takes reports whether exceptions are taken for real: all of them, or the first of each pair.
func (o *Options) takes() bool {
	return o.Deliver == verdict.Taken || slices.Contains(o.Modes, verdict.Pairs)
}

// A Subject is what was swept: a target, and what there is to know about it beforehand.
type Subject struct {
	Scenario, Variant string
	Image             *image.Image
	Symbols           *image.Symbols  // those of Image
	Claimless         map[string]bool // walkers, by name, that can't tell whether a trace is reliable
	// walkers, by name, that the run doesn't have, and why: nothing is known of them
	Absent map[string]string
	// the scenario whose expectations hold, if it isn't Scenario: see [scenarios.Run]
	Origin string
	Traits []string // what sets its kernel apart, see [scenarios.Run]
	Model  string   // the profile that describes its own unwinder; "" if it has none
	// why the run ends before it is complete, "" if it is complete: a recording that broke off
	Unfinished string
}

// Expected returns the lines of a list that speak of a walker in a mode. Of the unwinder that is the image's own, and
// of the model that describes it, lines hold that speak of that model by its name, too.
func (s *Subject) Expected(k verdict.Key, all []verdict.Expectation) (lines []*verdict.Expectation) {
	if s.Origin != "" {
		k.Scenario = s.Origin
	}
	named := k
	if s.Model != "" && slices.Contains([]string{"image", "model"}, k.Walker) {
		named.Walker = s.Model
	}
	for i := range all {
		if all[i].Applies(k, s.Traits) || all[i].Applies(named, s.Traits) {
			lines = append(lines, &all[i])
		}
	}
	return lines
}

// A RunResult is what came out of one target.
type RunResult struct {
	*Subject
	Failed string // why nothing is known of the target, and everything else is empty; "" if it was swept
	Steps  int    // instructions executed
	// Witnessed is how many return addresses on a shadow call stack were what the oracles say; 0 without one.
	Witnessed int
	// Partial: the sweep was cancelled when Judged of the instructions had been judged, not always the first ones.
	// Everything else is about these.
	Partial    bool
	Judged     int
	Summaries  []Summary
	Deviations []Deviation // with Options.Deliver Taken: what must not happen
	Untaken    int         // with Options.Deliver Taken: exceptions for which there was no stack; they were overlaid
	NoEntry    int         // the same for walkers of kernels with, or without, metadata records, if this one is not so
	Windows    []Window
	Points     []Point      // those that Options.Keep wanted, by step, mode and walker, unless Options.Points got them
	Visited    *emu.Visited // which instructions were executed, if Options.Cover
}

// IsPartial reports whether there is more to the target than was judged: the sweep was cancelled, or the run was broken
// off when it was recorded.
func (r *RunResult) IsPartial() bool { return r.Partial || r.Unfinished != "" }

// ahead is how many targets a goroutine may be ahead of the one whose result is handed over: what it has found waits.
const ahead = 2

// Sweep sweeps all targets and hands over each result, in the order of the targets, as soon as it and all before it
// are there. It stops at the first error, which names the target.
//
// If the context is cancelled it hands over what was done until then, in part where a target was under way, and returns
// an *[Interrupted].
func Sweep(ctx context.Context, targets []verdict.Target, o Options, done func(*RunResult) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan struct{})
	defer close(gone)
	jobs := max(1, o.Jobs)
	queue := make(chan int, ahead*jobs)
	defer close(queue)
	outcomes := make([]outcome, len(targets))
	for i := range outcomes {
		outcomes[i] = outcome{points: make(chan batch, 1), end: make(chan conclusion, 1), gone: gone}
		if i < cap(queue) {
			queue <- i
		}
	}
	o.Progress.start(len(targets))
	for range jobs {
		go func() {
			for i := range queue {
				outcomes[i].sweep(ctx, targets[i], &o)
				o.Progress.end()
			}
		}()
	}
	cut := Interrupted{Targets: len(targets)}
	for i, t := range targets {
		result, err := outcomes[i].receive(t, &o)
		if next := i + cap(queue); next < len(targets) {
			queue <- next
		}
		if err != nil && errors.Is(err, ctx.Err()) {
			cut.Cause = err // it was not begun
			continue
		}
		if err != nil && o.Failed != nil {
			if err = o.Failed(t, err); err == nil {
				continue
			}
		}
		if err == nil {
			if cut.Complete++; result.Partial {
				cut.Complete--
				cut.Partial++
				cut.Cause = ctx.Err()
			}
			if err = done(result); err != nil {
				err = fmt.Errorf("%s: %w", t, err)
			}
		}
		if err != nil {
			return err
		}
	}
	if cut.Cause != nil {
		return &cut
	}
	return nil
}

// An outcome is how what a goroutine finds out about a target gets to the caller of Sweep. The goroutine waits when a
// batch of points isn't taken from it, unless the caller is gone.
type outcome struct {
	points chan batch // closed at the end
	end    chan conclusion
	gone   <-chan struct{}
}

type batch struct {
	subject *Subject
	points  []Point
}

type conclusion struct {
	result *RunResult
	err    error
}

// errGone says that the points are no longer wanted.
var errGone = errors.New("the points are no longer wanted")

func (c *outcome) sweep(ctx context.Context, t verdict.Target, o *Options) {
	var pass func(s *Subject, points []Point) error
	if o.Points != nil {
		pass = func(s *Subject, points []Point) error {
			select {
			case c.points <- batch{s, points}:
				return nil
			case <-c.gone:
				return errGone
			}
		}
	}
	result, err := sweepTarget(ctx, t, o, pass)
	close(c.points)
	c.end <- conclusion{result, err}
}

// receive hands over the points of a target, and returns its result.
func (c *outcome) receive(t verdict.Target, o *Options) (*RunResult, error) {
	for b := range c.points {
		if err := o.Points(b.subject, b.points); err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
	}
	end := <-c.end
	return end.result, end.err
}

// sweepTarget sweeps one target. Its errors name the target.
func sweepTarget(ctx context.Context, t verdict.Target, o *Options,
	points func(*Subject, []Point) error) (*RunResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	run, err := t.Scenario.Build(t.Variant, o.Build)
	if err != nil {
		return nil, err
	}
	r := newRunner(run, o)
	r.points = points
	result, err := r.sweep(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return result, nil
}
