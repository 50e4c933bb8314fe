// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A runner sweeps one run.
//
// The truth about the first step is known when the last one is done. A short run is therefore recorded, and then
// judged. A longer one is executed twice: the first time only an outline of its transfers is kept; the second time it
// is judged chunk by chunk, and the truth enters each of them, so that memory stays bounded.
type runner struct {
	run        *scenarios.Run
	options    *Options
	walkers    []registry.Spec   // those of the options that the run has
	absent     map[string]string // the others, and why it hasn't
	oracles    truth.Oracles
	shortSteps int // a run of at most this many steps is recorded as a whole
	chunkSteps int // of a longer one, so many steps are in memory at a time
	batchSteps int // after so many steps points are handed over
	slice      Slice
	tallies    []namedTally // in the end, what the result counts

	// takes the points that are kept, chunk by chunk; nil: they are part of the result
	points func(*Subject, []Point) error

	end     *deliver.Ending // how the run ends, if exceptions are to be taken
	witness *truth.Witness  // of the shadow call stacks; nil if there are none
}

// keptSteps is how many steps' points may be kept at a time. A point takes half a kilobyte, and there is one for each
// walker and mode.
const keptSteps = 1 << 11

// keptPairSteps is keptSteps in mode pairs, where a step has hundreds of points.
const keptPairSteps = 1 << 2

func newRunner(run *scenarios.Run, o *Options) *runner {
	r := &runner{run: run, options: o, oracles: truth.Oracles{truth.Past, truth.Future}, shortSteps: 1 << 17,
		chunkSteps: 1 << 15, batchSteps: math.MaxInt}
	r.walkers, r.absent = registry.Present(run, o.Walkers)
	r.witness = newWitness(run)
	if o.Oracles[0] != nil {
		r.oracles = o.Oracles
	}
	switch {
	case o.Keep != nil && slices.Contains(o.Modes, verdict.Pairs):
		r.batchSteps = keptPairSteps
	case o.Keep != nil:
		r.batchSteps = keptSteps
	}
	return r
}

// sweep executes and judges the run.
func (r *runner) sweep(ctx context.Context) (*RunResult, error) {
	result := r.result()
	if r.options.Cover {
		result.Visited = &emu.Visited{}
	}
	err := r.judgeShort(ctx, result)
	if errors.Is(err, emu.ErrLimit) && r.run.Limit > r.shortSteps {
		err = r.judgeStream(ctx, result)
	}
	if err != nil {
		return nil, r.explain(err)
	}
	return result, nil
}

// explain names the place that an error is about.
func (r *runner) explain(err error) error {
	var v *truth.Violation
	if errors.As(err, &v) {
		named := *v
		if s, ok := r.run.Image.Symbols.At(v.Place); ok && v.Place != s.Addr {
			named.What += fmt.Sprintf(" (it was called at %s)", image.Place(s.Name, v.Place-4-s.Addr))
		}
		return &named
	}
	return r.run.Explain(err)
}

// result returns a result to be filled in.
func (r *runner) result() *RunResult {
	return &RunResult{Subject: &Subject{Scenario: r.run.Scenario, Variant: r.run.Variant, Image: r.run.Image,
		Symbols: r.run.Image.Symbols, Claimless: map[string]bool{}, Absent: r.absent, Origin: r.run.Origin,
		Unfinished: r.run.Unfinished, Traits: r.run.Traits, Model: r.run.Model}}
}

// judgeShort judges the run if it is short, and otherwise fails with emu.ErrLimit before anything is judged.
func (r *runner) judgeShort(ctx context.Context, result *RunResult) error {
	if r.run.Recorded != nil {
		if r.options.takes() {
			return ErrRecorded
		}
		return r.judgeRecording(ctx, r.run.Recorded, result)
	}
	m, err := r.run.Machine()
	if err != nil {
		return err
	}
	defer m.Close()
	recording, err := r.recordShort(m)
	if err != nil {
		return err
	}
	return r.judgeRecording(ctx, recording, result)
}

// recordShort records the run if it is short, and otherwise fails with emu.ErrLimit. The machine must be open as long
// as the recording is used.
func (r *runner) recordShort(m *emu.Machine) (*emu.Recording, error) {
	recording, err := m.Record(emu.RunOptions{Until: r.run.Until, Limit: min(r.run.Limit, r.shortSteps), Mode: r.mode(),
		ChunkSteps: r.chunkSteps, Lend: true})
	if err != nil {
		return nil, err
	}
	return recording, r.ended(m, recording.Len())
}

func (r *runner) judgeRecording(ctx context.Context, recording *emu.Recording, result *RunResult) error {
	log := truth.LogOf(recording)
	found, err := r.oracles.Find(log, FactsOf(r.run), nil)
	log.Free()
	if err != nil {
		return err
	}
	initial := recording.Initial
	if recording == r.run.Recorded { // which others have, too
		initial = initial.Clone()
	}
	return r.judgeRun(ctx, found, initial, recording.Len(), result,
		func(sink func(*emu.Chunk) error) error {
			for _, c := range recording.Chunks {
				if err := sink(c); err != nil {
					return err
				}
			}
			return nil
		})
}

func (r *runner) judgeStream(ctx context.Context, result *RunResult) error {
	found, steps, err := r.outline(ctx)
	if errors.Is(err, truth.ErrUnforeseen) {
		found, steps, err = r.wholeTruth(ctx)
	}
	if err != nil {
		return err
	}
	m, err := r.run.Machine()
	if err != nil {
		return err
	}
	defer m.Close()
	o := emu.RunOptions{Until: r.run.Until, Limit: r.run.Limit, Mode: r.mode(), ChunkSteps: r.chunkSteps}
	return r.judgeRun(ctx, found, m.Snapshot(), steps, result, func(sink func(*emu.Chunk) error) error {
		return r.stream(m, o, sink)
	})
}

// judgeRun judges a run's chunks, which the last argument hands over, by the truth about it. It takes over the memory
// at the start.
func (r *runner) judgeRun(ctx context.Context, found *truth.Truth, initial *emu.Memory, steps int, result *RunResult,
	chunks func(sink func(*emu.Chunk) error) error) error {
	r.options.Progress.begin(steps)
	lanes, err := r.lanes(found, initial, steps, pace{stopped: ctx.Done(), progress: r.options.Progress})
	if err != nil {
		return err
	}
	for _, walker := range lanes[0].judge.prober.walkers {
		if !unwind.Claims(walker) {
			result.Claimless[walker.Name()] = true
		}
	}
	err = chunks(func(c *emu.Chunk) error {
		if err := r.enter(found, c, result); err != nil {
			return err
		}
		from, to := r.slice.steps(steps)
		return lanes.judgeChunk(c, from, to, r.batchSteps, result, func(points []Point) error {
			return r.handOver(result, points)
		})
	})
	if err == errStopped {
		result.Partial, result.Steps, err = true, steps, nil
	}
	if err == nil {
		r.finish(lanes, result)
	}
	return errors.Join(err, lanes.close())
}

// enter makes the truth that of a chunk, and lets the witness confirm it.
func (r *runner) enter(found *truth.Truth, c *emu.Chunk, result *RunResult) error {
	if err := found.Enter(c); err != nil {
		return err
	}
	r.witness.Add(c)
	n, err := r.witness.Confirm(found)
	result.Witnessed += n
	return err
}

// handOver passes points on that are kept, or collects them.
func (r *runner) handOver(result *RunResult, points []Point) error {
	if r.points == nil {
		result.Points = append(result.Points, points...)
		return nil
	}
	return r.points(result.Subject, points)
}

// mode is how much must be recorded for the walkers.
func (r *runner) mode() emu.Mode {
	if slices.ContainsFunc(r.walkers, func(w registry.Spec) bool { return w.NeedsRegisters }) {
		return emu.Full
	}
	return emu.Sparse
}

// ended notes how the run ended, and checks it.
func (r *runner) ended(m *emu.Machine, steps int) error {
	if r.options.Deliver == verdict.Taken {
		var err error
		if r.end, err = deliver.EndingOf(m); err != nil {
			return err
		}
	}
	return r.check(m, steps)
}

// check holds the memory after the run against what the scenario says must be there, and X18 against what it was if
// there is a shadow call stack.
func (r *runner) check(m *emu.Machine, steps int) error {
	if r.witness != nil {
		end, err := m.Regs()
		if err != nil {
			return err
		}
		if end.X[18] != r.run.Start.X[18] {
			what := fmt.Sprintf("X18, which points to the shadow call stack, is %#x, and was %#x", end.X[18],
				r.run.Start.X[18])
			return &truth.Violation{Step: steps, Place: end.PC, What: what}
		}
	}
	for _, c := range r.run.Checks {
		if got, err := m.Word(c.Addr); err != nil || got != c.Want {
			return fmt.Errorf("the run went wrong: %s is %d, not %d", c.What, got, c.Want)
		}
	}
	return nil
}
