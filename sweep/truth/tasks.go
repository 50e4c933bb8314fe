// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"slices"
	"sort"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// Tasks are what the oracles are told of tasks that run in turn. The truth is that of one of them.
type Tasks struct {
	Others []unwind.Stack // the stacks of the others
	SP     uint64         // where the run begins
}

// An absence is a time in which another task runs, from one step to before another.
type absence struct{ from, to uint32 }

// of returns what the task does in a log: another task's transfers are left out, and so is the one that leads to it. A
// task that has called for the switch comes back by a return of that call; one that has never run before comes from
// nowhere, to the address that is returned.
func (k *Tasks) of(log Log) (own Log, absences []absence, begins uint64) {
	if len(k.Others) == 0 {
		return log, nil, 0
	}
	var kept []Transfer
	away, since := k.isOther(k.SP), uint32(0)
	for t := range log.Forwards() {
		switch elsewhere := k.isOther(t.SP); {
		case !away && elsewhere:
			away, since = true, t.Step+1
		case !away:
			kept = append(kept, *t)
		case !elsewhere && t.Kind == emu.Return:
			away = false
			absences = append(absences, absence{since, t.Step + 1})
			if len(kept) > 0 || begins != 0 {
				kept = append(kept, *t)
			} else {
				begins = t.To
			}
		}
	}
	if away {
		absences = append(absences, absence{since, ^uint32(0)})
	}
	return Log{kept}, absences, begins
}

// isOther reports whether a stack pointer is another task's.
func (k *Tasks) isOther(sp uint64) bool {
	return slices.ContainsFunc(k.Others, func(s unwind.Stack) bool { return s.HasSP(sp) })
}

// Leaves reports whether another task runs at any step.
func (t *Truth) Leaves() bool { return len(t.absences) > 0 }

// Away reports whether another task runs at the current step. Stack is then what the task will return through when it
// runs again, but for the place in which it begins if it has never run: Begins.
func (c *Cursor) Away() bool {
	if len(c.absences) == 0 {
		return false
	}
	n := sort.Search(len(c.absences), func(i int) bool { return int(c.absences[i].to) > c.step })
	return n < len(c.absences) && int(c.absences[n].from) <= c.step
}

// Begins is where the task begins that has not run yet at the current step, which is one at which it is Away; 0: it has
// run.
func (c *Cursor) Begins() uint64 {
	if len(c.absences) > 0 && c.absences[0].from == 0 && int(c.absences[0].to) > c.step {
		return c.begins
	}
	return 0
}
