// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"fmt"
	"math"
	"slices"

	"stacksweep/emu"
)

// classified turns what instructions are into what they do. In what it returns every call has a return: a
// [emu.Call], made by whatever instruction, pushes, and an [emu.Return] to its return address pops. Links and other
// jumps are gone.
//
//	BL, BLR                      a call
//	a branch after ADR or MOV    a call, if control comes back to what X30 held, with the SP and X29 of the branch
//	RET, BR to the newest open   a return
//	RET, BR to an older one      a return that also ends the calls in between: they are never returned to. At a hook,
//	                             which stands in for one of several calls made with the same SP and X29, it is the
//	                             one to which control comes back first
//	RET elsewhere, SP and LR     a tail call: a tracer has sent the call to another function. The call of the tracer
//	as the caller has them       ends, and the new function takes the place of the old one
//	RET, BR upwards              as longjmp does it: the calls from further down in the stack end
//	RET, BR within a function    a jump
//
// Any other return is a conflict, and so is a jump to another function whose way back isn't known. A call that ends
// without a return gets one at the step of the jump that ends it, so that the two oracles count alike.
func (l Log) classified(facts *Facts, under *Base) (Log, error) {
	c := &classifier{facts: facts, floor: under.Depth()}
	for n := range under.Depth() {
		b := &under.nodes[n]
		_, isException := under.exceptions[int32(n)]
		c.open = append(c.open, call{addr: b.addr, sp: b.sp, fp: b.fp, isException: isException})
	}
	base := slices.Clone(c.open)
	plain, callsNext := c.isPlain(l)
	if callsNext {
		l = l.withoutAddressing(facts)
		c.open = append(c.open[:0], base...)
		plain, _ = c.isPlain(l)
	}
	if plain {
		return l, nil
	}
	c.open = append(c.open[:0], base...)
	c.foresee = l.foresight()
	for t := range l.Forwards() {
		if err := c.add(t); err != nil {
			return nil, err
		}
	}
	return Log{c.log}, nil
}

// finished lets what is open at the end of a classified log return, after all steps: where from is not known.
func (l Log) finished(facts *Facts, under *Base) Log {
	c := &classifier{facts: facts}
	for t := range l.Forwards() {
		c.follow(t)
	}
	for n := 0; c.below(n) != nil; n++ {
		o := c.below(n)
		t := Transfer{Step: math.MaxUint32 - 1, Kind: emu.Return, To: o.addr, SP: o.sp, FP: o.fp}
		if o.isException {
			t.Kind, t.To = emu.ExceptionReturn, facts.elsewhere(o.addr) // pt_regs may say so already
		}
		c.log = append(c.log, t)
	}
	return append(slices.Clone(l), c.log)
}

// call is a call that has not returned yet.
type call struct {
	addr        uint64 // where it returns to
	sp, fp      uint64 // of the caller
	from        uint64 // the instruction that called, 0 if that is not in the log
	isException bool
}

// classifier goes through a log and keeps a shadow call stack.
type classifier struct {
	facts   *Facts
	open    []call
	floor   int    // open calls that the run begins with
	linked  bool   // there has been a Link, and no call and no return since
	link    uint64 // then: X30 after the newest Link
	foresee foresight
	addrs   []uint64 // room for what it is asked about
	log     []Transfer

	before     []call // room for what is open before a chunk
	asksForEnd bool   // it has made a difference whether the run breaks off
}

// isPlain reports whether a log has calls by BL and BLR only, all of which return by RET: it is what it says. It also
// reports whether any call is one of the next instruction.
func (c *classifier) isPlain(l Log) (plain, callsNext bool) {
	plain = true
	for t := range l.Forwards() {
		callsNext = callsNext || t.callsNext()
		if plain = plain && c.saysIt(t); plain {
			c.follow(t)
		} else if callsNext {
			return false, true
		}
	}
	return plain, callsNext
}

// saysIt reports whether the next transfer is what it says.
func (c *classifier) saysIt(t *Transfer) bool {
	switch t.Kind {
	case emu.Link, emu.Jump:
		return false
	case emu.Return:
		top := c.top()
		return c.facts.isHook(t.To) || top != nil && top.returnsAt(t)
	}
	return true
}

// follow keeps the shadow stack.
func (c *classifier) follow(t *Transfer) {
	switch t.Kind {
	case emu.Call:
		c.open = append(c.open, call{addr: t.back(), sp: t.SP, fp: t.FP, from: t.From})
	case emu.Exception:
		if !c.facts.entersHandler(t) {
			c.open = append(c.open, call{addr: t.From, sp: t.SP, fp: t.FP, from: t.From, isException: true})
		}
	case emu.Return, emu.ExceptionReturn:
		if !c.facts.isHook(t.To) && len(c.open) > 0 {
			c.open = c.open[:len(c.open)-1]
		}
	}
}

func (c *classifier) top() *call { return c.below(0) }

// below returns the nth of the open calls, the newest first, or nil.
func (c *classifier) below(n int) *call {
	if n >= len(c.open) {
		return nil
	}
	return &c.open[len(c.open)-1-n]
}

// add classifies a transfer.
func (c *classifier) add(t *Transfer) error {
	switch t.Kind {
	case emu.Link:
		c.linked, c.link = true, t.LR
		return nil
	case emu.Return, emu.Jump:
		return c.arrive(t)
	}
	c.linked = false
	c.emit(*t)
	return nil
}

// emit adds a transfer to the log.
func (c *classifier) emit(t Transfer) {
	c.log = append(c.log, t)
	c.follow(&t)
}

// arrive classifies an arrival by a return instruction or a jump.
func (c *classifier) arrive(t *Transfer) error {
	top := c.top()
	switch {
	case c.facts.isHook(t.To):
		newer, known := c.passedOver(t)
		if !known {
			return &Conflict{Step: int(t.Step),
				What: fmt.Sprintf("the return at %#x to %#x: the run breaks off before it is seen in whose place, as "+
					"several open calls have its SP, %#x", t.From, t.To, t.SP)}
		}
		c.returns(t, newer)
	case top != nil && top.returnsAt(t):
		c.returns(t, 0)
	case c.isCall(t):
		called := *t
		called.Kind, called.Back = emu.Call, t.LR
		c.linked = false
		c.emit(called)
	case c.waiting(t) > 0:
		c.returns(t, c.waiting(t))
	case c.isTailCall(t):
		c.end(t, 1)
	case c.unwound(t) > 0:
		c.end(t, c.unwound(t))
	case c.facts.sameFunction(t.From, t.To): // a jump within a function
	case c.linked && c.link == t.LR && c.facts.differentFunctions(t.From, t.To) && c.breaksOff():
		return &Conflict{Step: int(t.Step),
			What: fmt.Sprintf("the jump at %#x to %#x: the run breaks off before it is seen whether it comes back "+
				"to X30, %#x", t.From, t.To, t.LR)}
	case t.Kind == emu.Return:
		c.returns(t, 0) // the oracles will say what is wrong with it
	case c.isLost(t):
		return &Conflict{Step: int(t.Step),
			What: fmt.Sprintf("the jump at %#x to %#x: X30 is %#x, to which no open call returns", t.From, t.To, t.LR)}
	}
	return nil
}

// breaksOff reports whether the run breaks off, where that makes a difference.
func (c *classifier) breaksOff() bool {
	c.asksForEnd = true
	return c.facts.Unfinished
}

// returns notes a return, before which a number of newer calls end.
func (c *classifier) returns(t *Transfer, newer int) {
	c.end(t, newer)
	returned := *t
	returned.Kind = emu.Return
	c.linked = false
	c.emit(returned)
}

// end ends the newest calls.
func (c *classifier) end(t *Transfer, n int) {
	for range n {
		top := c.top()
		c.emit(Transfer{Step: t.Step, Kind: emu.Return, From: t.From, To: top.addr, SP: top.sp, FP: top.fp})
	}
	c.linked = false
}

// returnsAt reports whether an arrival is the return of a call.
func (o *call) returnsAt(t *Transfer) bool { return !o.isException && o.addr == t.To && o.sp == t.SP }

// isCall reports whether an arrival is a call: X30 is as the newest Link has set it, that is neither where the code
// runs anyway nor where it returns to, and control comes back there.
func (c *classifier) isCall(t *Transfer) bool {
	if !c.linked || c.link != t.LR || t.LR == t.To || c.facts.isHook(t.LR) || c.facts.sameFunction(t.LR, t.To) {
		return false
	}
	if slices.ContainsFunc(c.open, func(o call) bool { return o.addr == t.LR && o.sp == t.SP && !o.isException }) {
		return false
	}
	c.addrs = append(c.addrs[:0], t.LR)
	return c.foresee(t, c.addrs) >= 0
}
