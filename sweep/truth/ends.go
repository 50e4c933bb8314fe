// SPDX-License-Identifier: GPL-2.0-only

package truth

import "stacksweep/emu"

// waiting returns how many open calls are newer than the one that an arrival returns from; 0 if there is none. An
// exception can't be left out.
func (c *classifier) waiting(t *Transfer) int {
	for n := 0; ; n++ {
		o := c.below(n)
		if o == nil || o.isException {
			return 0
		}
		if o.returnsAt(t) && o.fp == t.FP {
			return n
		}
	}
}

// passedOver returns how many open calls are newer than the one that an arrival at a hook returns from. There are some
// where code calls before it has moved SP, and the callee then returns in its place, as BPF trampolines do. It isn't
// known which one it is if the run breaks off before control comes back to any of several.
func (c *classifier) passedOver(t *Transfer) (newer int, known bool) {
	addrs := c.addrs[:0]
	for n := 0; ; n++ {
		o := c.below(n)
		if o == nil || o.isException || o.sp != t.SP || o.fp != t.FP {
			break
		}
		addrs = append(addrs, o.addr)
	}
	c.addrs = addrs
	if len(addrs) < 2 {
		return 0, true
	}
	first := c.foresee(t, addrs)
	return max(first, 0), first >= 0 || !c.breaksOff()
}

// isTailCall reports whether a return instruction goes to a function in the place of the one that called: SP is as at
// the newest call, and X30 is what that one's caller, or a hook, is waiting for.
func (c *classifier) isTailCall(t *Transfer) bool {
	top, caller := c.top(), c.below(1)
	if t.Kind != emu.Return || top == nil || top.isException || len(c.open) <= c.floor || top.sp != t.SP {
		return false
	}
	return c.facts.isHook(t.LR) || caller != nil && !caller.isException && caller.addr == t.LR
}

// unwound returns how many calls end when control goes upwards in the stack, as longjmp does: those that were made
// further down, and the one that the function made from where it goes on.
func (c *classifier) unwound(t *Transfer) int {
	for n := 0; ; n++ {
		o := c.below(n)
		if o == nil || o.isException || n >= len(c.open)-c.floor || o.sp > t.SP {
			return 0
		}
		if o.sp == t.SP {
			if o.fp != t.FP || !c.facts.sameFunction(o.from, t.To) {
				return 0
			}
			return n + 1
		}
	}
}

// isLost reports whether a jump goes to another function from which no way back is known.
func (c *classifier) isLost(t *Transfer) bool {
	top := c.top()
	if c.linked && c.link == t.LR {
		return false // on its way to a call
	}
	return c.facts.differentFunctions(t.From, t.To) && !c.facts.isHook(t.LR) && (top == nil || top.addr != t.LR)
}
