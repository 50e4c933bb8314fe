// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"fmt"
	"strings"

	"stacksweep/internal/arm64"
	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// errNoTour says that a run has nothing to show on the tour.
var errNoTour = errors.New("this run has no traced call that returns through a hook, so no tour")

// events are the steps of the first traced call that returns, found by what happens there and not by their numbers.
type events struct {
	call     int // the call of the traced function
	tracer   int // the first instruction of what the traced function's entry calls
	pushed   int // the entry is on the shadow stack
	body     int // the first instruction of the traced function proper
	hook     int // the first instruction of return_to_handler
	hookCall int // its call of the C handler
	handler  int // the first instruction of the C handler
	callback int // the call of the tracer's callback: the first through a pointer
	popped   int // the entry is off the shadow stack
	back     int // the handler has returned
	restored int // LR holds the caller's address again
}

// findEvents finds the events, in the order in which one leads to the next.
func findEvents(in *inspect.Inspector) (e events, err error) {
	const forwards, backwards = inspect.Forwards, inspect.Backwards
	if in.Run.Kernel.Graph == nil || len(in.Run.Hooks) == 0 {
		return e, errNoTour
	}
	position, err := in.ParseWatch("curr_ret_stack")
	if err != nil {
		return e, err
	}
	all := true
	found := func(step int, ok bool) int {
		all = all && ok
		return step
	}
	changed := func(from int) int {
		c, ok := in.Change(position, from, forwards)
		return found(c.Step+1, ok)
	}
	e.hook = found(in.Execution(in.Run.Hooks[0], -1, forwards))
	e.call = found(in.Out(e.hook, backwards))
	entry := found(in.Call(e.call, forwards))
	e.tracer = entry + 1
	e.pushed = changed(e.tracer)
	e.body = found(in.Over(entry, forwards))
	e.hookCall = found(in.Call(e.hook, forwards))
	e.handler = e.hookCall + 1
	e.callback = found(indirectCall(in, e.handler))
	e.popped = changed(e.handler)
	e.back = found(in.Out(e.handler, forwards))
	if !all {
		return e, errNoTour
	}
	e.restored, err = restored(in, e.back, in.Recording.PC(e.call)+4)
	return e, err
}

// indirectCall finds the first call through a register from a step on.
func indirectCall(in *inspect.Inspector, step int) (int, bool) {
	for step, ok := in.Call(step-1, inspect.Forwards); ok; step, ok = in.Call(step, inspect.Forwards) {
		w, readable := in.At().Memory().Word(in.Recording.PC(step))
		if readable && arm64.IsBLR(uint32(w)) {
			return step, true
		}
	}
	return 0, false
}

// restored finds the step, from a step on, at which LR is an address.
func restored(in *inspect.Inspector, step int, lr uint64) (int, error) {
	for ; step < in.Len(); step++ {
		if err := in.Seek(step); err != nil {
			return 0, err
		}
		if in.At().LR() == lr {
			return step, nil
		}
	}
	return 0, errNoTour
}

// newTour plans the tour through a run.
func newTour(in *inspect.Inspector, target verdict.Target) (*tour, error) {
	e, err := findEvents(in)
	if err != nil {
		return nil, err
	}
	at := func(step int) string { return in.Name(in.Recording.PC(step)) }
	function := func(step int) string { return functionName(at(step)) }
	traced, tracer, hook, handler := function(e.body), function(e.tracer), function(e.hook), function(e.handler)
	caller := function(e.call)
	ret := in.Name(in.Recording.PC(e.call) + 4)
	stops := []stop{
		{name: "a call", step: e.call, text: fmt.Sprintf(
			"%s is about to call %s, which is traced and will return to %s: keep an eye on that address. "+
				"On the left is the code, with one letter per walker for its verdict there; on the right the true "+
				"stack, next to it every walk.",
			caller, traced, ret)},
		{name: "the tracer is called", step: e.tracer, text: fmt.Sprintf(
			"The entry of %s moved LR to x9 and called %s. LR now points into %s, and only x9 still knows %s. "+
				"No unwinder looks into x9, so a walk from here must not claim to be complete.", traced, tracer,
			traced, ret)},
		{name: "the shadow stack", step: e.pushed, text: fmt.Sprintf(
			"The tracer has put %s on the task's shadow stack: the entry marked +. "+
				"It is about to take that address away from %s; whoever unwinds can find it here.", ret, traced)},
		{name: "a return address that is none", step: e.body, text: fmt.Sprintf(
			"The body of %s runs, and its LR is %s: it will not return to %s but to the tracer. "+
				"The walk is right all the same: it knows the address of %s, and takes %s from the shadow stack (fg).",
			traced, hook, caller, hook, ret)},
		{name: "the return", step: e.hook, text: fmt.Sprintf(
			"%s has returned to %s. Only the shadow stack knows where to go on. "+
				"At this very first instruction the PC is the address that the unwinder recognises.", traced, hook)},
		{name: "inside the trampoline", step: e.hookCall, text: fmt.Sprintf(
			"A few instructions on the PC is %s. That is not the address that is recognised, and no unwind "+
				"information covers it. "+
				"The walk is refused: over-cautious, but right.", at(e.hookCall))},
		{name: "the caller is lost", step: e.handler, text: fmt.Sprintf(
			"One instruction further the walk claims to be reliable, and %s is missing (◄). The handler can be "+
				"unwound; its return address is inside %s, "+
				"not its start, so the shadow stack is not asked; and X29 is still the record of %s. Live patching "+
				"would now patch %s under its feet.", ret, hook, caller, caller)},
		{name: "without any interrupt", step: e.callback, sync: true, text: fmt.Sprintf(
			"Now in mode sync: a callback of the tracer is about to be called, and may ask for a stack trace itself. "+
				"No exception is in the way, so mainline's unwinder walks on as well, and loses %s in the same way.",
			ret)},
		{name: "the pop", step: e.popped, text: fmt.Sprintf(
			"The entry is off the shadow stack (marked -), and %s has not returned yet: %s is the handler's "+
				"own affair, "+
				"in a register or among its locals. From here on no unwinder can find it, however clever.",
			handler, ret)},
		{name: "back in the trampoline", step: e.back, text: fmt.Sprintf(
			"%s has returned, with %s in x0. The entry is gone, and LR is not yet what it must be: only x0 has "+
				"the caller.", handler, ret)},
		{name: "LR is right again", step: e.restored, text: fmt.Sprintf(
			"LR holds %s again, as after an ordinary call. "+
				"Step on with n, and see how the walk comes to agree with the truth once %s has been left.",
			ret, hook)},
		{name: "the mend", step: e.handler, last: true, text: fmt.Sprintf(
			"A mend must make every PC inside %s one at which the walk either finds %s or is refused: recognise the "+
				"whole trampoline and not only its start, "+
				"keep the entry until LR is right again, or give the trampoline a frame record of its own.",
			hook, ret)},
	}
	return &tour{target: target, stops: stops}, nil
}

// functionName is symbol+offset without the offset.
func functionName(place string) string {
	name, _, _ := strings.Cut(place, "+")
	return name
}
