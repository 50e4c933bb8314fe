// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A taker judges points whose exception is really taken, and compares each walk with the one with an overlay.
type taker struct {
	prober      *Prober
	score       *score
	interrupter *deliver.Interrupter
	other       unwind.Trace // of the walk with an overlay
}

// finishEvery is how many steps lie between two from which the run is followed to its end: elsewhere it is enough that
// registers and memory are as before, since what follows from them is always the same.
const finishEvery = 97

// finishPairsEvery is finishEvery for pairs.
const finishPairsEvery = 997

// take judges all walkers at the point for which the task is prepared. Kernels with and without metadata records have
// entry code of their own.
func (t *taker) take() error {
	p := t.prober
	for _, early := range []bool{false, true} {
		if !slices.Contains(p.early, early) {
			continue
		}
		entry, step := p.entry(early), p.cursor.Step()
		err := t.takeWith(early, func(walk func()) error {
			return t.interrupter.Take(step, entry, p.mode == verdict.NMI, step%finishEvery == 0, walk)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// takeWith is take for the walkers of one kind of kernel. It leaves it to deliver to take the exception and to call
// walk in its handler.
func (t *taker) takeWith(early bool, deliverIt func(walk func()) error) error {
	p := t.prober
	arrived := false
	err := deliverIt(func() {
		arrived = true
		stack := p.stack.Callers()
		for _, addr := range slices.Backward(t.interrupter.Calls()) {
			stack.Push(addr)
		}
		stack.Push(p.cursor.PC())
		for w := range p.walkers {
			if p.early[w] == early {
				t.compare(w, &stack)
			}
		}
	})
	var d *deliver.Disturbance
	switch {
	case errors.As(err, &d):
		t.score.deviates("", d.Error())
	case errors.Is(err, deliver.ErrNotTaken):
		t.score.untaken++
	case errors.Is(err, deliver.ErrNoEntry):
		t.score.noEntry++
	case err != nil:
		return err
	}
	for w := range p.walkers {
		if p.early[w] == early && !arrived {
			t.score.count(w, p.Walk(w), &p.stack)
		}
	}
	return nil
}

// takeSecond is takeWith for a second exception, at the current step of the first one.
func (t *taker) takeSecond(first *emu.Chunk, early bool) error {
	p := t.prober
	entry, n := p.entry(early), p.position().Second
	finish := (p.interrupted*first.Steps+n)%finishPairsEvery == 0
	return t.takeWith(early, func(walk func()) error {
		return t.interrupter.TakeSecond(first, n, entry, finish, walk)
	})
}

// compare lets a walker walk with an overlay and in the handler of the exception that was taken. The second walk
// counts.
func (t *taker) compare(walker int, stack *truth.Stack) {
	p := t.prober
	want := p.Walk(walker)
	p.trace, t.other = t.other, p.trace
	got := p.walkTask(walker, t.interrupter.Task(p.task.Interrupted), t.interrupter.Access(), stack)
	if what := deliveryDifference(&t.other, &p.trace, len(t.interrupter.Calls())); what != "" {
		t.score.deviates(p.walkers[walker].Name(), what)
	} else if got != want {
		t.score.deviates(p.walkers[walker].Name(), fmt.Sprintf("%v with an overlay, %v when taken", want, got))
	}
	t.score.count(walker, got, stack)
}

// deliveryDifference says in what a walk from the handler differs from the walk with an overlay. The first frames of
// the former, as many as calls, are in the exception's own code; the latter has one such frame.
func deliveryDifference(overlay, taken *unwind.Trace, calls int) string {
	if len(overlay.Frames) < 1 || len(taken.Frames) < calls {
		return fmt.Sprintf("%d frames with an overlay, %d when taken, %d of them the exception's own",
			len(overlay.Frames), len(taken.Frames), calls)
	}
	if !slices.Equal(overlay.Frames[1:], taken.Frames[calls:]) {
		return fmt.Sprintf("frames %v with an overlay, %v when taken", overlay.Frames[1:], taken.Frames[calls:])
	}
	if overlay.Failure != taken.Failure {
		return fmt.Sprintf("failure %q with an overlay, %q when taken", overlay.Failure.Error(), taken.Failure.Error())
	}
	if overlay.Reliable != taken.Reliable {
		return fmt.Sprintf("reliable: %v with an overlay, %v when taken", overlay.Reliable, taken.Reliable)
	}
	return ""
}
