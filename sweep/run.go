// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// laneSteps is how many steps are worth a goroutine of their own.
const laneSteps = 1 << 13

// pairLaneSteps is laneSteps where each of them is a hundred points.
const pairLaneSteps = 1 << 7

// A runner sweeps one run.
//
// The truth about the first step is known when the last one is done. A short run is therefore recorded, and then
// judged. A longer one is executed twice: the first time only its transfers are kept, which is
// enough for the truth; the second time it is judged chunk by chunk, so that memory stays bounded.
type runner struct {
	run        *scenarios.Run
	options    *Options
	oracles    truth.Oracles
	shortSteps int // a run of at most so many steps is recorded as a whole
	chunkSteps int // of a longer one, so many steps are in memory at a time

	points func(*Subject, []Point) error // takes the points that are kept, chunk by chunk; nil: they are part of the result

	end *deliver.Ending // how the run ends, if exceptions are to be taken
}

// keptSteps is the size of a chunk whose points may be kept. A point takes half a kilobyte, and there is one for each
// walker and mode.
const keptSteps = 1 << 11

func newRunner(run *scenarios.Run, o *Options) *runner {
	r := &runner{run: run, options: o, oracles: truth.Oracles{truth.Past, truth.Future}, shortSteps: 1 << 17, chunkSteps: 1 << 15}
	if o.Keep != nil {
		r.chunkSteps = keptSteps
	}
	return r
}

// sweep executes and judges the run.
func (r *runner) sweep(ctx context.Context) (*RunResult, error) {
	result := r.result()
	if r.options.Cover {
		result.Visited = &emu.Visited{}
	}
	recording, err := r.recordShort()
	switch {
	case err == nil:
		err = r.judgeRecording(ctx, recording, result)
	case errors.Is(err, emu.ErrLimit) && r.run.Limit > r.shortSteps:
		err = r.judgeStream(ctx, result)
	}
	if err != nil {
		return nil, r.run.Explain(err)
	}
	return result, nil
}

// result returns a result to be filled in.
func (r *runner) result() *RunResult {
	return &RunResult{Subject: &Subject{Scenario: r.run.Scenario, Variant: r.run.Variant, Image: r.run.Image, Symbols: r.run.Image.Symbols, Claimless: map[string]bool{}}}
}

// recordShort records the run if it is short, and otherwise fails with emu.ErrLimit.
func (r *runner) recordShort() (*emu.Recording, error) {
	if r.run.Recorded != nil {
		if r.options.takes() {
			return nil, ErrRecorded
		}
		return r.run.Recorded, nil
	}
	m, err := r.run.Machine()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	recording, err := m.Record(emu.RunOptions{Until: r.run.Until, Limit: min(r.run.Limit, r.shortSteps), Mode: r.mode(), ChunkSteps: r.chunkSteps})
	if err != nil {
		return nil, err
	}
	return recording, r.ended(m)
}

func (r *runner) judgeRecording(ctx context.Context, recording *emu.Recording, result *RunResult) error {
	return r.judge(ctx, truth.LogOf(recording), recording.Initial, recording.Len(), result, func(sink func(*emu.Chunk) error) error {
		for _, c := range recording.Chunks {
			if err := sink(c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *runner) judgeStream(ctx context.Context, result *RunResult) error {
	log, steps, err := r.transfers(ctx)
	if err != nil {
		return err
	}
	m, err := r.run.Machine()
	if err != nil {
		return err
	}
	defer m.Close()
	o := emu.RunOptions{Until: r.run.Until, Limit: r.run.Limit, Mode: r.mode(), ChunkSteps: r.chunkSteps}
	return r.judge(ctx, log, m.Snapshot(), steps, result, func(sink func(*emu.Chunk) error) error {
		return m.Stream(o, sink)
	})
}

// judge finds the truth about a run from its transfers, and judges its chunks, which the last argument hands over.
func (r *runner) judge(ctx context.Context, log truth.Log, initial *emu.Memory, steps int, result *RunResult, chunks func(sink func(*emu.Chunk) error) error) error {
	found, err := r.oracles.Find(log, FactsOf(r.run), nil)
	if err != nil {
		return err
	}
	lanes, err := r.lanes(found, initial, steps)
	if err != nil {
		return err
	}
	for _, walker := range lanes[0].judge.walkers {
		if !unwind.Claims(walker) {
			result.Claimless[walker.Name()] = true
		}
	}
	r.options.Progress.begin(steps)
	for i := range lanes {
		lanes[i].judge.stopped, lanes[i].judge.progress = ctx.Done(), r.options.Progress
	}
	err = chunks(func(c *emu.Chunk) error {
		points, err := lanes.judge(c, result)
		if len(points) > 0 && (err == nil || err == errStopped) {
			err = cmp.Or(r.handOver(result, points), err)
		}
		return err
	})
	if err == errStopped {
		result.Partial, result.Steps, err = true, steps, nil
	}
	if err == nil {
		r.finish(lanes, result)
	}
	return errors.Join(err, lanes.close())
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
	if slices.ContainsFunc(r.options.Walkers, func(w registry.Spec) bool { return w.NeedsRegisters }) {
		return emu.Full
	}
	return emu.Sparse
}

// transfers executes the run for its transfers alone.
func (r *runner) transfers(ctx context.Context) (log truth.Log, steps int, err error) {
	m, err := r.run.Machine()
	if err != nil {
		return nil, 0, err
	}
	defer m.Close()
	err = m.Stream(emu.RunOptions{Until: r.run.Until, Limit: r.run.Limit, Mode: emu.Sparse, ChunkSteps: r.chunkSteps}, func(c *emu.Chunk) error {
		log.Add(c)
		steps = c.First + c.Steps
		return ctx.Err()
	})
	if err != nil {
		return nil, steps, err
	}
	return log, steps, r.ended(m)
}

// ended notes how the run ended, and checks it.
func (r *runner) ended(m *emu.Machine) error {
	if r.options.Deliver == verdict.Taken {
		var err error
		if r.end, err = deliver.EndingOf(m); err != nil {
			return err
		}
	}
	return r.check(m)
}

// check holds the memory after the run against what the scenario says must be there.
func (r *runner) check(m *emu.Machine) error {
	for _, c := range r.run.Checks {
		if got, err := m.Word(c.Addr); err != nil || got != c.Want {
			return fmt.Errorf("the run went wrong: %s is %d, not %d", c.What, got, c.Want)
		}
	}
	return nil
}

// lanes share the work on a chunk: every lane has its own replica of memory and judges its part of the steps.
type lanes []lane

type lane struct {
	cursor  *emu.Cursor
	judge   *judge
	visited *emu.Visited // by exceptions; nil: not wanted
}

func (r *runner) lanes(found *truth.Truth, initial *emu.Memory, steps int) (all lanes, err error) {
	worth := laneSteps
	if slices.Contains(r.options.Modes, verdict.Pairs) {
		worth = pairLaneSteps
	}
	n := max(1, min(r.options.Jobs, steps/worth))
	all = make(lanes, n)
	for i := range all {
		cursor := emu.NewCursor(initial.Clone())
		all[i] = lane{cursor: cursor, judge: newJudge(r.run, found, cursor.Memory(), r.options.Walkers, r.options.Modes)}
		all[i].judge.keep = r.options.Keep
		all[i].judge.deliver = r.options.Deliver
		all[i].judge.pair.oracles = r.oracles
		if r.options.takes() {
			o := deliver.Options{Mode: r.mode()}
			if r.options.Cover {
				all[i].visited = &emu.Visited{}
				o.Visited = all[i].visited
			}
			if all[i].judge.interrupter, err = deliver.New(r.run, r.end, o); err != nil {
				return nil, errors.Join(err, all[:i+1].close())
			}
		}
	}
	return all, nil
}

// close releases the machines that exceptions were taken on, and what walkers hold.
func (l lanes) close() error {
	var errs []error
	for i := range l {
		if l[i].judge.interrupter != nil {
			l[i].judge.interrupter.Close()
		}
		errs = append(errs, unwind.Close(l[i].judge.walkers...))
	}
	return errors.Join(errs...)
}

// judge judges all steps of a chunk and returns the points to be kept, in order. It returns errStopped if it was stopped
// before the end of the chunk.
func (l lanes) judge(c *emu.Chunk, result *RunResult) (points []Point, err error) {
	errs := make([]error, len(l))
	var wg sync.WaitGroup
	for i := range l {
		wg.Go(func() {
			errs[i] = l[i].chunk(c, c.First+i*c.Steps/len(l), c.First+(i+1)*c.Steps/len(l))
		})
	}
	wg.Wait()
	result.Steps += c.Steps
	if result.Visited != nil {
		result.Visited.Add(c.PC)
	}
	for i := range l {
		points = append(points, l[i].judge.points...)
		l[i].judge.points = l[i].judge.points[:0]
		result.Deviations = append(result.Deviations, l[i].judge.deviations...)
		l[i].judge.deviations = l[i].judge.deviations[:0]
	}
	stopped := slices.Contains(errs, errStopped)
	err = errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == errStopped })...)
	if err == nil && stopped {
		err = errStopped
	}
	return points, err
}

func (l *lane) chunk(c *emu.Chunk, from, to int) error {
	if err := l.cursor.Load(c); err != nil {
		return err
	}
	return l.judge.steps(l.cursor, c, from, to)
}

// finish adds up what the lanes have counted.
func (r *runner) finish(l lanes, result *RunResult) {
	first := l[0].judge
	for i := range l {
		result.Untaken += l[i].judge.untaken
		result.Judged += l[i].judge.judged
		if l[i].visited != nil {
			result.Visited.Merge(l[i].visited)
		}
	}
	for _, other := range l[1:] {
		for w := range first.tallies {
			for m := range first.tallies[w] {
				first.tallies[w][m].merge(&other.judge.tallies[w][m])
			}
		}
	}
	for w, walker := range first.walkers {
		for _, m := range first.modes {
			k := verdict.Key{Scenario: result.Scenario, Variant: result.Variant, Walker: walker.Name(), Mode: m, Deliver: first.delivery(m)}
			t := &first.tallies[w][m]
			result.Summaries = append(result.Summaries, t.summary(k))
			result.Windows = append(result.Windows, t.windows(k, r.run.Traits, result.Symbols, r.options.Expect)...)
		}
	}
}
