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

// of returns what the task does in a log, when it is away, and where it begins.
func (k *Tasks) of(log Log) (own Log, absences []absence, begins uint64) {
	if len(k.Others) == 0 {
		return log, nil, 0
	}
	var kept []Transfer
	turns := k.turns()
	for t := range log.Forwards() {
		if turns.own(t) {
			kept = append(kept, *t)
		}
	}
	return Log{kept}, turns.end(), turns.begins
}

// turns go through a run's transfers and tell which of them are the task's.
type turns struct {
	tasks    *Tasks
	away     bool
	since    uint32 // while away: the first step of that
	lived    bool   // the task has done something
	begins   uint64 // where it begins, if that is in the run
	absences []absence
}

// turns begins with the run.
func (k *Tasks) turns() turns { return turns{tasks: k, away: k.isOther(k.SP)} }

// own reports whether the next transfer is the task's: another task's is not, and neither is the one that leads to it.
// A task that has called for the switch comes back by a return of that call; one that has never run before comes from
// nowhere, to the address that is returned.
func (k *turns) own(t *Transfer) bool {
	if len(k.tasks.Others) == 0 {
		return true
	}
	switch elsewhere := k.tasks.isOther(t.SP); {
	case !k.away && elsewhere:
		k.away, k.since = true, t.Step+1
	case !k.away:
		k.lived = true
		return true
	case !elsewhere && t.Kind == emu.Return:
		k.away = false
		k.absences = append(k.absences, absence{k.since, t.Step + 1})
		if k.lived || k.begins != 0 {
			k.lived = true
			return true
		}
		k.begins = t.To
	}
	return false
}

// end returns the absences, of which the last may not have ended.
func (k *turns) end() []absence {
	if k.away {
		k.absences = append(k.absences, absence{k.since, ^uint32(0)})
	}
	return k.absences
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
