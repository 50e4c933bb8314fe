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

// A judge in mode Pairs executes, at a point, the exception that arrives there, and goes through its steps with a cursor
// as it goes through those of the run: the same memory, a truth that continues that of the run, and at each step a
// second exception. What is left of the first one is taken back before the judge goes on.

// finishPairsEvery is how many pairs lie between two from which the run is followed to its end.
const finishPairsEvery = 997

// A pairing is what a judge needs for that.
type pairing struct {
	inside bool // the judge is in an exception
	step   int  // of the run, before which it was taken
	first  emu.Chunk
	cursor *emu.Cursor

	oracles truth.Oracles // that know the truth about it
}

// moment is where the cursor stands.
func (j *judge) moment(c *emu.Cursor) verdict.Position {
	if j.pair.inside {
		return verdict.Position{Step: j.pair.step, Second: c.Step() - j.pair.step}
	}
	return verdict.Position{Step: c.Step()}
}

// pairs judges all walkers in all pairs whose first exception arrives at the cursor's step. Kernels with and without
// metadata records have entry code of their own, so the first exception is another one.
func (j *judge) pairs(c *emu.Cursor) error {
	if masked(c) {
		return nil
	}
	for _, plain := range []bool{false, true} {
		j.way = &j.interrupt
		entry := j.entry(c.SP(), plain)
		if !slices.Contains(j.plain, plain) || entry.Vector == 0 { // a real kernel has one kind of entry only
			continue
		}
		err := j.interrupter.TakeFirst(c.Step(), entry, &j.pair.first)
		var d *deliver.Disturbance
		switch {
		case errors.As(err, &d) || errors.Is(err, deliver.ErrNotTaken):
			j.deviate(verdict.Pairs, c, "", err.Error())
		case err != nil:
			return err
		default:
			if err := j.seconds(c, entry, plain); err != nil {
				return err
			}
		}
	}
	return nil
}

// seconds judges all walkers of one kind of kernel at every step of the first exception.
func (j *judge) seconds(c *emu.Cursor, entry *scenarios.Entry, plain bool) error {
	p, outer := &j.pair, j.truth
	inside, err := j.truthInside(c.PC(), entry)
	if err != nil {
		return err
	}
	p.inside, p.step = true, c.Step()
	j.truth = inside.Cursor()
	p.cursor.Begin(&p.first)
	defer func() {
		p.cursor.Rewind()
		j.truth, p.inside = outer, false
	}()
	if j.deliver == verdict.Taken {
		return j.interrupter.InsideFirst(entry, &p.first, func() error {
			defer p.cursor.Next()
			return j.second(plain)
		})
	}
	for range p.first.Steps {
		stack := j.atSecond()
		for w := range j.walkers {
			if j.plain[w] == plain {
				j.count(w, verdict.Pairs, p.cursor, j.walk(w, &stack), &stack)
			}
		}
		p.cursor.Next()
	}
	return nil
}

// atSecond makes the task ready to be walked across a second exception, which is laid over.
func (j *judge) atSecond() truth.Stack {
	j.truth.Advance(j.pair.cursor.Step())
	stack, _ := j.prepare(verdict.Pairs, j.pair.cursor, nil)
	return stack
}

// second judges the walkers of one kind of kernel at a second exception that is really taken.
func (j *judge) second(plain bool) error {
	p := &j.pair
	stack := j.atSecond()
	entry := j.entry(p.cursor.SP(), plain)
	n := p.cursor.Step() - p.step
	finish := (p.step*p.first.Steps+n)%finishPairsEvery == 0
	return j.takenWith(verdict.Pairs, p.cursor, &stack, plain, func(walk func()) error {
		return j.interrupter.TakeSecond(&p.first, n, entry, finish, walk)
	})
}

// truthInside is the truth about the exception that was taken at pc: its own calls, on top of the stack that it
// interrupts.
func (j *judge) truthInside(pc uint64, entry *scenarios.Entry) (*truth.Truth, error) {
	first := &j.pair.first
	regs := first.Frames[0]
	log := truth.Log{{{
		Step: uint32(first.First) - 1, Kind: emu.Exception,
		From: pc, To: entry.Vector, SP: regs.SP, FP: regs.FP,
	}}}
	log.Add(first)
	return j.pair.oracles.Find(log, FactsOf(j.run), j.truth.Base())
}
