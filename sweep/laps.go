// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// laps finds out where a run repeats itself, judges one repetition, and has the others counted. It needs walkers that
// read nothing but memory and the registers of frames, as those do that can be resumed.
//
//	   slot.step      step
//	       ▼            ▼
//	…──────┬────────────┬────────────┬────────────┬──…   instructions: the same from here …
//	       │◄── period ─►◄─ learned ─►◄─ counted ─►◄─
//	       └────────────┴──────────…                     … as from there, often enough
//
// A lap begins where the run goes back to a lower address: the head of a loop, or a function that is called again.
type laps struct {
	judge *judge
	slots []lapSlot
	turns []truth.Turn
	audit auditor
}

// A lapSlot is an instruction to which the run came from a higher address, on top of a true stack.
type lapSlot struct {
	pc     uint64
	truth  int32
	step   int // at which the run was there last
	lap    *lap
	wait   int // how often more it isn't looked at
	failed int // how often nothing came of it, at most 10
}

const (
	lapSlots   = 1 << 8
	leastLap   = 64 // a shorter one is joined to those that follow it
	longestLap = 1 << 12
	worthLaps  = 16      // how often it must be repeated in what is known of the run
	maxWords   = 1 << 12 // that walks in a lap read
)

// newLaps returns nil if there is a walker of another kind, or if the task doesn't run all the time.
func newLaps(j *judge, audit auditor) *laps {
	if j.precedents == nil || len(j.precedents.walkers) != len(j.prober.walkers) || j.prober.registers ||
		j.prober.truth.Leaves() {
		return nil
	}
	return &laps{judge: j, audit: audit}
}

// pass is called where the cursor stands at an instruction to which the run came from a higher address. It judges the
// steps from there on that belong to laps, none of them at or after the step to, and reports whether there are such.
// The cursor then stands after them.
func (l *laps) pass(c *emu.Cursor, chunk *emu.Chunk, to int) (done bool, err error) {
	if l.slots == nil {
		l.slots = make([]lapSlot, lapSlots)
	}
	stack := &l.judge.prober.truth
	step, pc := c.Step(), c.PC()
	stack.Advance(step)
	slot := &l.slots[(pc/4^uint64(stack.Identity())*0x9d)%lapSlots]
	if slot.pc != pc || slot.truth != stack.Identity() {
		*slot = lapSlot{pc: pc, truth: stack.Identity(), step: step}
		return false, nil
	}
	last := slot.step
	slot.step = step
	if slot.lap != nil {
		if done, err = l.repeat(slot.lap, c, chunk, to); done {
			slot.step = c.Step()
			return true, err
		}
	}
	if slot.wait > 0 {
		slot.wait--
		return false, nil
	}
	n, known := period(chunk, last, step, to)
	if n == 0 {
		if known {
			slot.fail()
		}
		return false, nil
	}
	if slot.lap, err = l.learn(c, chunk, n); err != nil {
		return true, err
	}
	if slot.lap == nil {
		slot.fail()
	} else if _, err = l.repeat(slot.lap, c, chunk, to); err == nil {
		slot.failed = 0
	}
	slot.step = c.Step()
	return true, err
}

// fail makes the instruction be looked at less and less often.
func (s *lapSlot) fail() {
	s.failed = min(s.failed+1, 10)
	s.wait = 1 << s.failed
}

// period returns the length of a lap that begins at a step, before that at last, and is repeated often enough in the
// chunk; 0 if there is none, or if that isn't known. The lap and one repetition must fit in before the step to.
func period(chunk *emu.Chunk, last, step, to int) (length int, known bool) {
	n := step - last
	if last < chunk.First || n > longestLap {
		return 0, false
	}
	length = n
	if n < leastLap {
		length = (leastLap + n - 1) / n * n
	}
	enough := worthLaps * length
	from := max(n, min(step-chunk.First, chunk.Steps-enough)) // where another lane judges, the run repeats itself, too
	if from+enough > chunk.Steps || step+2*length > to {
		return 0, false
	}
	if !slices.Equal(chunk.PC[from:from+enough], chunk.PC[from-n:from-n+enough]) {
		return 0, true
	}
	return length, true
}

// learn judges the n steps from the cursor on by whole walks, and returns them as a lap; nil if it can't be one.
func (l *laps) learn(c *emu.Cursor, chunk *emu.Chunk, n int) (*lap, error) {
	j := l.judge
	p := j.prober
	made := &lap{truth: p.truth.Identity(), turns: p.truth.Turns(n, nil)}
	made.record(newStretch(chunk, c.Step()-chunk.First, n))
	var points []lapPoint
	fit := true
	for range n {
		next, err := j.arrive(c)
		if err != nil {
			return nil, err
		}
		for _, m := range j.modes {
			if p.arrive(m, c, next) {
				p.prepare()
				points, fit = l.walk(points, &made.words, fit)
			}
		}
		j.leave(c)
	}
	p.truth.Advance(c.Step())
	if !fit || made.words.used > maxWords || !made.words.look(p.view.Memory()) {
		return nil, nil
	}
	made.steady = !made.words.undo(made.stores)
	made.sums = sum(points)
	if l.audit != nil {
		made.points = points
	}
	return made, nil
}

// walk lets all walkers walk from end to end, counts their verdicts and appends them to points. It adds what they read
// to words. fit says whether all that they read can be compared, and so could be before.
func (l *laps) walk(points []lapPoint, words *wordSet, fit bool) ([]lapPoint, bool) {
	p := l.judge.prober
	for w := range p.walkers {
		p.view.Watch()
		v := p.walkWhole(w)
		l.judge.score.count(w, v, &p.stack)
		points = append(points, lapPoint{w, p.mode, finding{p.cursor.PC(), v}, len(p.trace.Warnings) > 0})
		read, ok := p.view.Read()
		for _, addr := range read {
			ok = ok && addr%8 == 0
			words.add(addr &^ 7)
		}
		fit = fit && ok && v != verdict.Fault
	}
	return points, fit
}

// repeat counts the lap as often as it follows from the cursor on before the step to, and moves the cursor after it.
func (l *laps) repeat(p *lap, c *emu.Cursor, chunk *emu.Chunk, to int) (done bool, err error) {
	j, prober, n := l.judge, l.judge.prober, len(p.pcs)
	if !p.words.holds(prober.view.Memory()) {
		return false, nil
	}
	times := 0
	s := newStretch(chunk, c.Step()-chunk.First, n)
	for err == nil && c.Step()+n <= to && l.follows(p, &s) {
		times++
		if l.audit != nil {
			err = l.look(p, c)
		} else {
			err = j.skip(c, n)
		}
		if !p.steady && !p.words.holds(prober.view.Memory()) {
			break
		}
	}
	if times == 0 {
		return false, nil
	}
	p.count(j.score, times)
	j.transfer = s.transfer
	prober.forget()
	return true, err
}

// follows reports whether a stretch, which begins at the cursor, is as the lap was, but for the words at its start. It
// then moves the stretch on.
func (l *laps) follows(p *lap, s *stretch) bool {
	stack := &l.judge.prober.truth
	if stack.Identity() != p.truth {
		return false
	}
	l.turns = stack.Turns(s.n, l.turns[:0])
	return slices.Equal(l.turns, p.turns) && p.is(s)
}

// look shows an auditor the points of a lap that is counted.
func (l *laps) look(p *lap, c *emu.Cursor) error {
	j, points := l.judge, p.points
	for range p.pcs {
		next, err := j.arrive(c)
		if err != nil {
			return err
		}
		for _, m := range j.modes {
			if !j.prober.arrive(m, c, next) {
				continue
			}
			for w := range j.prober.walkers {
				l.audit(j.prober, w, points[w].verdict, points[w].warned)
			}
			points = points[len(j.prober.walkers):]
		}
		j.leave(c)
	}
	j.prober.truth.Advance(c.Step())
	return nil
}
