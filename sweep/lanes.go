// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// laneSteps is how many steps are worth a goroutine of their own.
const laneSteps = 1 << 13

// pairLaneSteps is laneSteps where each of them is a hundred points.
const pairLaneSteps = 1 << 7

// lanes share the work on a chunk: every lane has its own replica of memory and judges its part of the steps.
type lanes []lane

type lane struct {
	cursor  *emu.Cursor
	judge   *judge
	visited *emu.Visited // by exceptions; nil: not wanted
}

// lanes makes as many lanes as are worth a goroutine. One of them takes over the memory at the start.
func (r *runner) lanes(found *truth.Truth, initial *emu.Memory, steps int, pace pace) (all lanes, err error) {
	worth := laneSteps
	if slices.Contains(r.options.Modes, verdict.Pairs) {
		worth = pairLaneSteps
	}
	for n := max(1, min(r.options.Jobs, steps/worth)); len(all) < n; {
		memory := initial
		if len(all) < n-1 {
			memory = initial.Clone()
		}
		l := lane{cursor: emu.NewCursor(memory)}
		if r.options.Cover {
			l.visited = &emu.Visited{}
		}
		if l.judge, err = r.newJudge(found, l.cursor.Memory(), pace, l.visited); err != nil {
			return nil, errors.Join(err, all.close())
		}
		all = append(all, l)
	}
	return all, nil
}

// close releases what the judges hold.
func (l lanes) close() error {
	var errs []error
	for i := range l {
		errs = append(errs, l[i].judge.close())
	}
	return errors.Join(errs...)
}

// judgeChunk judges those steps of a chunk that are among [from, to), a batch of so many after the other, and hands
// over the points to be kept of each, in order. It returns errStopped if it was stopped before the end of the chunk.
func (l lanes) judgeChunk(c *emu.Chunk, from, to, batch int, result *RunResult, points func([]Point) error) error {
	if err := l.each(func(l *lane, _ int) error { return l.cursor.Load(c) }); err != nil {
		return err
	}
	result.Steps += c.Steps
	if result.Visited != nil {
		result.Visited.Add(c.PC)
	}
	to = min(to, c.First+c.Steps)
	for from = max(from, c.First); from < to; {
		n := min(batch, to-from)
		err := l.each(func(some *lane, i int) error {
			begin, end := from+i*n/len(l), from+(i+1)*n/len(l)
			if begin == end {
				return nil
			}
			return some.judge.steps(some.cursor, c, begin, end)
		})
		var found []Point
		for i := range l {
			found = l[i].judge.score.move(result, found)
		}
		if len(found) > 0 && (err == nil || err == errStopped) {
			err = cmp.Or(points(found), err)
		}
		if err != nil {
			return err
		}
		from += n
	}
	return nil
}

// each lets all lanes do something at the same time. It returns errStopped if one of them was stopped and none failed.
func (l lanes) each(do func(l *lane, i int) error) error {
	errs := make([]error, len(l))
	var wg sync.WaitGroup
	for i := range l {
		wg.Go(func() { errs[i] = do(&l[i], i) })
	}
	wg.Wait()
	stopped := slices.Contains(errs, errStopped)
	err := errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == errStopped })...)
	if err == nil && stopped {
		return errStopped
	}
	return err
}

// finish adds up what the lanes have counted.
func (r *runner) finish(l lanes, result *RunResult) {
	first := l[0].judge.score
	for i := range l {
		l[i].judge.precedents.finish()
		result.Untaken += l[i].judge.score.untaken
		result.NoEntry += l[i].judge.score.noEntry
		result.Judged += l[i].judge.pace.judged
		if l[i].visited != nil {
			result.Visited.Merge(l[i].visited)
		}
	}
	for i := range l[1:] {
		first.merge(l[1+i].judge.score)
	}
	var tallies []namedTally
	for w, walker := range l[0].judge.prober.walkers {
		for _, m := range r.options.Modes {
			k := verdict.Key{Scenario: result.Scenario, Variant: result.Variant, Walker: walker.Name(), Mode: m,
				Deliver: first.delivery(m)}
			tallies = append(tallies, namedTally{first.tallies[w][m], k})
		}
	}
	r.count(tallies, result)
}

// count fills in what the tallies say.
func (r *runner) count(tallies []namedTally, result *RunResult) {
	r.tallies = tallies
	for i := range tallies {
		t := &tallies[i]
		result.Summaries = append(result.Summaries, t.summary(t.key))
		lines := result.Expected(t.key, r.options.Expect)
		result.Windows = append(result.Windows, t.windows(t.key, result.Symbols, lines, r.run.TracerCalls)...)
	}
}
