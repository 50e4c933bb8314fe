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
	for c.Step() < from {
		c.Next()
	}
	j.prober.Seek(from)
	if from != j.done {
		j.prober.forget()
	}
	stored := len(c.Stored())
	transfers := chunk.Transfers
	i, _ := slices.BinarySearchFunc(transfers, from-chunk.First, func(t emu.Transfer, step int) int {
		return int(t.Step) - step
	})
	every := stopEvery
	if j.pairing != nil {
		every = 1
	}
	counted := from
	j.done = -1
	for step := from; step < to; step++ {
		if step-counted == every {
			if counted = step; !j.pace.goOn(every) {
				return errStopped
			}
		}
		j.prober.truth.Advance(step)
		var next *emu.Transfer
		if i < len(transfers) && chunk.First+int(transfers[i].Step) == step {
			next = &transfers[i]
			i++
		}
		for _, m := range j.modes {
			if err := j.point(m, c, next); err != nil {
				return err
			}
		}
		c.Next()
		if done := c.Stored(); len(done) > stored {
			j.prober.wrote(done[stored:])
			stored = len(done)
		}
	}
	j.pace.goOn(to - counted)
	j.done = to
	return nil
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
