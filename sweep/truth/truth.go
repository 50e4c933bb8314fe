// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"fmt"
)

// ErrConflict says that the two oracles disagree about the true call stack. The harness, or the scenario's list of
// hooks, is wrong; no verdict can be trusted.
var ErrConflict = errors.New("oracle conflict")

// A Conflict is where and how the oracles disagree. It is an [ErrConflict].
type Conflict struct {
	Step int
	What string
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("%v at step %d: %s", ErrConflict, c.Step, c.What)
}

// Is makes errors.Is(err, ErrConflict) true.
func (c *Conflict) Is(target error) bool { return target == ErrConflict }

// A Violation is something that the code does which no function may do (AAPCS64): it returns with another SP or X29, or
// to another place than where it was called. No stack can then be called the true one. It is an [ErrConflict], too:
// where the code is known to be right, the harness is wrong.
type Violation struct {
	Step  int
	Place uint64 // where the function returns to
	What  string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("the code breaks the calling convention, at step %d, on return to %#x: %s", v.Step,
		v.Place, v.What)
}

// Is makes errors.Is(err, ErrConflict) true.
func (v *Violation) Is(target error) bool { return target == ErrConflict }

// An Oracle tells the stack at every step of a run from its transfers. under is the stack that the run begins and ends
// with; nil: it is empty.
type Oracle func(log Log, facts Facts, under *Base) (*History, error)

// A Truth is the call stack at every step of a complete run, on which both oracles agree.
type Truth struct {
	*History
	facts Facts

	absences []absence // the times in which another task runs, in order
	begins   uint64    // where the task begins, if that is in the run

	unfolding *unfolding // of a run that is known chunk by chunk; nil: the history is that of all steps
}

// Find asks [Past] and [Future], which know the run from its two ends, and compares their answers.
func Find(log Log, facts Facts, under *Base) (*Truth, error) {
	return Oracles{Past, Future}.Find(log, facts, under)
}

// Oracles are two oracles that must agree.
type Oracles [2]Oracle

// Find is [Find] with these oracles.
func (o Oracles) Find(log Log, facts Facts, under *Base) (*Truth, error) {
	var absences []absence
	var begins uint64
	if under == nil {
		log, absences, begins = facts.Tasks.of(log)
	}
	if n := len(absences); n > 0 && absences[n-1].to == ^uint32(0) {
		facts.Unfinished = true
	}
	log, err := log.classified(&facts, under)
	if err != nil {
		return nil, err
	}
	if facts.Unfinished {
		log = log.finished(&facts, under)
	}
	first, err := o.compare(log, facts, under)
	if err != nil {
		return nil, err
	}
	if under == nil { // a run that interrupts another one is short
		first = first.interned()
	}
	return &Truth{History: first, facts: facts, absences: absences, begins: begins}, nil
}

// compare asks both oracles about a classified log, and returns what the first one says.
func (o Oracles) compare(log Log, facts Facts, under *Base) (*History, error) {
	first, err := o[0](log, facts, under)
	if err != nil {
		return nil, err
	}
	second, err := o[1](log, facts, under)
	if err != nil {
		return nil, err
	}
	err = agree(first, second, under)
	second.free()
	return first, err
}

// agree compares two histories. Besides the addresses it holds the caller's SP and X29 at each call against those on
// return: within one activation the CFA is constant.
func agree(p, f *History, under *Base) error {
	if len(p.changes) != len(f.changes) {
		return &Conflict{What: "the oracles saw a different number of transfers"}
	}
	same := make([]int32, len(p.nodes)) // the node of f that says the same as a node of p, plus one; 0 while unknown
	taken := make([]bool, len(f.nodes)) // the nodes of f that are in same
	for n := range under.Depth() {
		same[n], taken[n] = int32(n)+1, true
	}
	for i := range p.changes {
		pt, ft := p.changes[i].top, f.changes[i].top
		step := int(p.changes[i].step)
		if pt == noNode || ft == noNode {
			if pt != ft {
				return &Conflict{step, "only one oracle says that the stack is empty"}
			}
			continue
		}
		if same[pt] == ft+1 {
			continue
		}
		a, b := &p.nodes[pt], &f.nodes[ft]
		switch {
		case same[pt] != 0 || taken[ft]:
			return &Conflict{step, fmt.Sprintf("the call that returns to %#x returns twice", a.addr)}
		case a.addr != b.addr:
			return &Conflict{step, fmt.Sprintf("past says return to %#x, future says %#x", a.addr, b.addr)}
		case p.exceptions[pt] != f.exceptions[ft]:
			return &Conflict{step, fmt.Sprintf("return to %#x: only one oracle says that an exception at %#x led there",
				a.addr, p.exceptions[pt]|f.exceptions[ft])}
		case a.sp != b.sp:
			return &Violation{step, a.addr,
				fmt.Sprintf("a function returns with another SP: %#x at the call, %#x on return", a.sp, b.sp)}
		case a.fp != b.fp:
			return &Violation{step, a.addr,
				fmt.Sprintf("a function returns with another X29: %#x at the call, %#x on return", a.fp, b.fp)}
		case a.parent == noNode && b.parent != noNode || a.parent != noNode && same[a.parent] != b.parent+1:
			return &Conflict{step, fmt.Sprintf("return to %#x: the oracles disagree about its caller", a.addr)}
		}
		same[pt], taken[ft] = ft+1, true
	}
	return nil
}
