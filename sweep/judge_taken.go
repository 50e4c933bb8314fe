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

// delivery is how exceptions of a mode are delivered.
func (j *judge) delivery(m verdict.Mode) verdict.Delivery {
	if m.HasException() {
		return j.deliver
	}
	return verdict.Overlay
}

// finishEvery is how many steps lie between two from which the run is followed to its end: elsewhere it is enough that
// registers and memory are as before, since what follows from them is always the same.
const finishEvery = 97

// taken judges all walkers at a point whose exception is really taken, and compares each walk with the one with an
// overlay, for which the task is prepared. Kernels with and without metadata records have entry code of their own.
func (j *judge) taken(m verdict.Mode, c *emu.Cursor, overlay *truth.Stack) error {
	for _, plain := range []bool{false, true} {
		if !slices.Contains(j.plain, plain) {
			continue
		}
		entry := j.entry(c.SP(), plain)
		err := j.takenWith(m, c, overlay, plain, func(walk func()) error {
			return j.interrupter.Take(c.Step(), entry, m == verdict.NMI, c.Step()%finishEvery == 0, walk)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// takenWith is taken for the walkers of one kind of kernel. It leaves it to take to take the exception and to call walk
// in its handler.
func (j *judge) takenWith(m verdict.Mode, c *emu.Cursor, overlay *truth.Stack, plain bool, take func(walk func()) error) error {
	arrived := false
	err := take(func() {
		arrived = true
		stack := overlay.Callers()
		for _, addr := range slices.Backward(j.interrupter.Calls()) {
			stack.Push(addr)
		}
		stack.Push(c.PC())
		for w := range j.walkers {
			if j.plain[w] == plain {
				j.compare(w, m, c, overlay, &stack)
			}
		}
	})
	var d *deliver.Disturbance
	switch {
	case errors.As(err, &d):
		j.deviate(m, c, "", d.Error())
	case errors.Is(err, deliver.ErrNotTaken):
		j.untaken++
	case err != nil:
		return err
	}
	for w := range j.walkers {
		if j.plain[w] == plain && !arrived {
			j.count(w, m, c, j.walk(w, overlay), overlay)
		}
	}
	return nil
}

// compare lets a walker walk with an overlay and in the handler of the exception that was taken. The second walk counts.
func (j *judge) compare(w int, m verdict.Mode, c *emu.Cursor, overlay, stack *truth.Stack) {
	want := j.walk(w, overlay)
	j.trace, j.other = j.other, j.trace
	v := j.walkIn(w, j.interrupter.Task(j.task.Interrupted), j.interrupter.Access(), stack)
	if what := deliveryDifference(&j.other, &j.trace, len(j.interrupter.Calls())); what != "" {
		j.deviate(m, c, j.walkers[w].Name(), what)
	} else if v != want {
		j.deviate(m, c, j.walkers[w].Name(), fmt.Sprintf("%v with an overlay, %v when taken", want, v))
	}
	j.count(w, m, c, v, stack)
}

// deliveryDifference says in what a walk from the handler, whose first frames are of the exception's own code, differs from the
// walk with an overlay, which has one such frame.
func deliveryDifference(overlay, taken *unwind.Trace, own int) string {
	if len(overlay.Frames) < 1 || len(taken.Frames) < own {
		return fmt.Sprintf("%d frames with an overlay, %d when taken, %d of them the exception's own", len(overlay.Frames), len(taken.Frames), own)
	}
	if !slices.Equal(overlay.Frames[1:], taken.Frames[own:]) {
		return fmt.Sprintf("frames %v with an overlay, %v when taken", overlay.Frames[1:], taken.Frames[own:])
	}
	if overlay.Failure != taken.Failure {
		return fmt.Sprintf("failure %q with an overlay, %q when taken", overlay.Failure.Error(), taken.Failure.Error())
	}
	if overlay.Reliable != taken.Reliable {
		return fmt.Sprintf("reliable: %v with an overlay, %v when taken", overlay.Reliable, taken.Reliable)
	}
	return ""
}

func (j *judge) deviate(m verdict.Mode, c *emu.Cursor, walker, what string) {
	j.deviations = append(j.deviations, Deviation{Position: j.moment(c), PC: c.PC(), Mode: m, Walker: walker, What: what})
}
