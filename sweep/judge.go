// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"slices"

	"stacksweep/emu"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// A judge goes through steps of a run and judges all walkers at each of them, in all modes. It belongs to one
// goroutine.
type judge struct {
	prober *Prober
	score  *score
	modes  []verdict.Mode
	pace   pace
	done   int // the step up to which it has seen all that was written

	interrupter *deliver.Interrupter // nil: no exception is executed
	taker       *taker               // nil: exceptions are laid over
	precedents  *precedents          // nil: every point is judged for itself
	pairing     *pairing             // nil: pairs are not judged
	laps        *laps                // nil: what is repeated is judged each time

	// While the steps of a chunk are judged:
	chunk    *emu.Chunk
	transfer int // the next one of the chunk
	stored   int // how many of its stores the walkers know of
	counted  int // the step up to which the pace knows what was done
}

// newJudge makes a judge of a run, with the truth about it and its memory. How the run ends matters if exceptions are
// taken. visited gets what exceptions execute; nil: it is not wanted.
func (r *runner) newJudge(found *truth.Truth, mem *emu.Memory, pace pace, visited *emu.Visited) (*judge, error) {
	j := &judge{prober: NewProber(r.run, found, mem, r.walkers), modes: r.options.Modes, pace: pace}
	j.score = newScore(j.prober, r.options)
	if r.options.WholeWalks {
		j.prober.recallNothing()
	}
	// Of the walks of pairs, which are far more than all others, too few share anything with the one before: to look
	// for it costs more than it saves.
	if !r.options.WholeWalks && !slices.Contains(j.modes, verdict.Pairs) {
		whole := r.options.Keep != nil || r.options.Deliver == verdict.Taken
		j.prober.resumeWalks(whole)
		if !whole {
			j.precedents = newPrecedents(j.prober, j.score, r.options.audit)
			j.laps = newLaps(j, r.options.audit)
		}
	}
	if !r.options.takes() {
		return j, nil
	}
	var err error
	j.interrupter, err = deliver.New(r.run, r.end, deliver.Options{Mode: r.mode(), Visited: visited})
	if err != nil {
		return nil, errors.Join(err, j.prober.Close())
	}
	if r.options.Deliver == verdict.Taken {
		j.taker = &taker{prober: j.prober, score: j.score, interrupter: j.interrupter}
	}
	if slices.Contains(j.modes, verdict.Pairs) {
		j.pairing = &pairing{
			prober: j.prober, score: j.score, interrupter: j.interrupter, taker: j.taker,
			oracles: r.oracles, cursor: emu.NewCursor(mem),
		}
	}
	return j, nil
}

// close releases the machine that exceptions were taken on, and what walkers hold.
func (j *judge) close() error {
	if j.interrupter != nil {
		j.interrupter.Close()
	}
	return j.prober.Close()
}

// steps judges the steps [from, to) of a chunk that the cursor has just been loaded with. It returns errStopped if it
// was stopped before the end.
func (j *judge) steps(c *emu.Cursor, chunk *emu.Chunk, from, to int) error {
	j.begin(c, chunk, from)
	lapped := from // the cursor came here by a lap, or begins here
	for c.Step() < to {
		if j.laps != nil && c.Step() != lapped && goesBack(chunk, c.Step()) {
			done, err := j.laps.pass(c, chunk, to)
			if err != nil {
				return err
			}
			if done {
				lapped = c.Step()
				continue
			}
		}
		next, err := j.arrive(c)
		if err != nil {
			return err
		}
		for _, m := range j.modes {
			if err := j.point(m, c, next); err != nil {
				return err
			}
		}
		j.leave(c)
	}
	j.pace.goOn(to - j.counted)
	j.done = to
	return nil
}

// begin prepares for the steps of a chunk from one of them on.
func (j *judge) begin(c *emu.Cursor, chunk *emu.Chunk, from int) {
	for c.Step() < from {
		c.Next()
	}
	j.prober.Seek(from)
	if from != j.done {
		j.prober.forget()
	}
	j.chunk, j.stored, j.counted, j.done = chunk, len(c.Stored()), from, -1
	j.transfer = transferAt(chunk, from-chunk.First)
}

// transferAt is the first of a chunk's transfers at a step of the chunk or after it.
func transferAt(chunk *emu.Chunk, at int) int {
	i, _ := slices.BinarySearchFunc(chunk.Transfers, at, func(t emu.Transfer, at int) int { return int(t.Step) - at })
	return i
}

// goesBack reports whether the run came to a step of a chunk, not its first one, from a higher address.
func goesBack(chunk *emu.Chunk, step int) bool {
	at := step - chunk.First
	return at > 0 && chunk.PC[at] <= chunk.PC[at-1]
}

// arrive makes the cursor's step the one that is judged, and returns what it will do to the call stack, or nil. It
// fails with errStopped if it isn't to be judged.
func (j *judge) arrive(c *emu.Cursor) (next *emu.Transfer, err error) {
	step := c.Step()
	if err := j.goOn(step); err != nil {
		return nil, err
	}
	j.prober.truth.Advance(step)
	if t := j.chunk.Transfers; j.transfer < len(t) && j.chunk.First+int(t[j.transfer].Step) == step {
		next = &t[j.transfer]
		j.transfer++
	}
	return next, nil
}

// goOn asks now and then whether to go on from a step.
func (j *judge) goOn(step int) error {
	done := step - j.counted
	if done < stopEvery && (j.pairing == nil || done == 0) {
		return nil
	}
	j.counted = step
	if !j.pace.goOn(done) {
		return errStopped
	}
	return nil
}

// leave moves the cursor to the next step.
func (j *judge) leave(c *emu.Cursor) {
	c.Next()
	if done := c.Stored(); len(done) > j.stored {
		j.prober.wrote(done[j.stored:])
		j.stored = len(done)
	}
}

// skip moves the cursor on by n steps that are judged already. The walkers must then forget what they know of memory.
func (j *judge) skip(c *emu.Cursor, n int) error {
	c.Skip(n)
	j.stored = len(c.Stored())
	j.prober.truth.Advance(c.Step())
	return j.goOn(c.Step())
}

// point judges all walkers at the cursor's step in one mode, if the step is a point of that mode.
func (j *judge) point(m verdict.Mode, c *emu.Cursor, next *emu.Transfer) error {
	p := j.prober
	switch {
	case m == verdict.Pairs && p.truth.Away():
		return nil
	case m == verdict.Pairs:
		return j.pairing.judgePairs(c)
	case !p.arrive(m, c, next):
		return nil
	}
	prepared := false
	// They are found by what the interrupted code has in registers, which is another task's.
	precedents := j.precedents != nil && !p.truth.Away()
	if precedents {
		if prepared = j.precedents.judge(); len(j.precedents.walkers) == len(p.walkers) {
			return nil
		}
	}
	if !prepared {
		p.prepare()
	}
	if m.HasException() && j.taker != nil {
		return j.taker.take()
	}
	for w := range p.walkers {
		if !precedents || p.resumed[w].walker == nil {
			j.score.count(w, p.Walk(w), &p.stack)
		}
	}
	return nil
}
