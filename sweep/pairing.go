// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// A pairing judges pairs of exceptions: it executes the exception that arrives at a point, and goes through its steps
// with a cursor of its own as a judge goes through those of the run. The memory is the same, the truth continues that
// of the run, and at each step a second exception arrives. What is left of the first one is taken back afterwards.
type pairing struct {
	prober      *Prober
	score       *score
	interrupter *deliver.Interrupter
	taker       *taker // of second exceptions; nil: they are laid over
	oracles     truth.Oracles

	first  emu.Chunk // the first exception
	cursor *emu.Cursor
}

// judgePairs judges all walkers in all pairs whose first exception arrives at the cursor's step. Kernels with and
// without metadata records have entry code of their own, so the first exception is another one.
func (j *pairing) judgePairs(c *emu.Cursor) error {
	if masked(c) {
		return nil
	}
	p := j.prober
	for _, early := range []bool{false, true} {
		p.mode, p.cursor, p.exception = verdict.Pairs, c, &p.interrupt
		entry := p.entry(early)
		if !slices.Contains(p.early, early) || entry.Vector == 0 { // a real kernel has one kind of entry only
			continue
		}
		err := j.interrupter.TakeFirst(c.Step(), entry, &j.first)
		var d *deliver.Disturbance
		switch {
		case errors.As(err, &d) || errors.Is(err, deliver.ErrNotTaken):
			j.score.deviates("", err.Error())
		case err != nil:
			return err
		default:
			if err := j.seconds(c, entry, early); err != nil {
				return err
			}
		}
	}
	return nil
}

// seconds judges all walkers of one kind of kernel at every step of the first exception.
func (j *pairing) seconds(c *emu.Cursor, entry *scenarios.ExceptionEntry, early bool) error {
	p := j.prober
	found, err := j.find(c.PC(), entry)
	if err != nil {
		return err
	}
	p.enter(found, c.Step())
	j.cursor.Begin(&j.first)
	defer func() {
		p.wrote(j.cursor.Stored()) // they are taken back
		j.cursor.Rewind()
		p.leave()
	}()
	if j.taker != nil {
		return j.interrupter.InsideFirst(entry, &j.first, func() error {
			defer j.next()
			j.prepare()
			return j.taker.takeSecond(&j.first, early)
		})
	}
	for range j.first.Steps {
		j.prepare()
		for w := range p.walkers {
			if p.early[w] == early {
				j.score.count(w, p.Walk(w), &p.stack)
			}
		}
		j.next()
	}
	return nil
}

// next goes on by a step of the first exception.
func (j *pairing) next() {
	before := len(j.cursor.Stored())
	j.cursor.Next()
	j.prober.wrote(j.cursor.Stored()[before:])
}

// prepare makes the task ready to be walked across a second exception, which is laid over.
func (j *pairing) prepare() {
	j.prober.truth.Advance(j.cursor.Step())
	j.prober.Prepare(verdict.Pairs, j.cursor, nil)
}

// find finds the truth about the first exception, which was taken at pc: its own calls, on top of the stack that it
// interrupts.
func (j *pairing) find(pc uint64, entry *scenarios.ExceptionEntry) (*truth.Truth, error) {
	regs := j.first.Frames[0]
	log := truth.Log{{{
		Step: uint32(j.first.First) - 1, Kind: emu.Exception,
		From: pc, To: entry.Vector, SP: regs.SP, FP: regs.FP,
	}}}
	log.Add(&j.first)
	found, err := j.oracles.Find(log, FactsOf(j.prober.run), j.prober.truth.Base())
	if err != nil {
		return nil, err
	}
	witness := newWitness(j.prober.run)
	witness.Add(&j.first)
	_, err = witness.Confirm(found)
	return found, err
}
