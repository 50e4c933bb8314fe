// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Progress tells, while a sweep is under way, how far it is. It may be asked by any goroutine.
type Progress struct {
	targets, begun, done atomic.Int64
	steps, judged        atomic.Int64 // of the targets that were begun
}

// A ProgressReport is how far a sweep is.
type ProgressReport struct {
	Targets, Done int     // how many there are, and are complete
	Part          float64 // of the work, from 0 to 1: an estimate as long as some targets have not been begun
}

// Report returns how far the sweep is.
func (p *Progress) Report() ProgressReport {
	r := ProgressReport{Targets: int(p.targets.Load()), Done: int(p.done.Load())}
	// The length of a run isn't known before it was executed: later ones are taken to be like those that have begun.
	if begun, steps := p.begun.Load(), p.steps.Load(); begun > 0 && steps > 0 {
		r.Part = float64(p.judged.Load()) / float64(steps) * float64(begun) / float64(r.Targets)
	}
	return r
}

// Left estimates how long the rest takes, of a sweep that has run for some time.
func (r ProgressReport) Left(elapsed time.Duration) time.Duration {
	if r.Part <= 0 {
		return 0
	}
	return time.Duration(float64(elapsed) * (1 - r.Part) / r.Part)
}

// The methods below do nothing for a sweep without a Progress.

func (p *Progress) start(targets int) {
	if p != nil {
		p.targets.Store(int64(targets))
	}
}

func (p *Progress) begin(steps int) {
	if p != nil {
		p.begun.Add(1)
		p.steps.Add(int64(steps))
	}
}

func (p *Progress) addJudged(steps int) {
	if p != nil {
		p.judged.Add(int64(steps))
	}
}

func (p *Progress) end() {
	if p != nil {
		p.done.Add(1)
	}
}

// An Interrupted sweep was cancelled: some of its targets are complete, some were judged in part, and the rest was not
// begun. It is the error of the context.
type Interrupted struct {
	Targets, Complete, Partial int
	Cause                      error
}

func (e *Interrupted) Error() string {
	return fmt.Sprintf("interrupted: of %d targets %d are complete and %d were judged in part", e.Targets,
		e.Complete, e.Partial)
}

// Unwrap returns the error of the context.
func (e *Interrupted) Unwrap() error { return e.Cause }

// errStopped says that a run was judged in part, because the sweep was cancelled.
var errStopped = fmt.Errorf("stopped: %w", context.Canceled)
