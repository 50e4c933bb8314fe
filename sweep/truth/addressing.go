// SPDX-License-Identifier: GPL-2.0-only

package truth

import "stacksweep/emu"

// callsNext reports whether a transfer is a call of the next instruction. That is how code learns its own address, and
// how kernels fill the CPU's predictor of returns; nothing is called then.
func (t *Transfer) callsNext() bool { return t.Kind == emu.Call && t.To == t.From+4 }

// withoutAddressing leaves out the calls of the next instruction from which there is no return: with one, the code was
// called anyway, and runs twice.
func (l Log) withoutAddressing(facts *Facts) Log {
	var next nextCalls
	returned := map[int]bool{}
	index := 0
	for t := range l.Forwards() {
		if of := next.see(t, index, facts); of >= 0 {
			returned[of] = true
		}
		index++
	}
	var kept []Transfer
	index = 0
	for t := range l.Forwards() {
		if !t.callsNext() || returned[index] {
			kept = append(kept, *t)
		}
		index++
	}
	return Log{kept}
}

// nextCalls goes through a log and finds out from which calls of the next instruction there is a return. While there is
// such a call it keeps a stack of open calls, the first of which is one.
type nextCalls struct{ open []nextCall }

// A nextCall is an open call: where it returns to, and, of a call of the next instruction, its index in the log, else
// -1.
type nextCall struct {
	addr  uint64
	index int
}

// see goes on by a transfer, which has an index. It returns the index of the call of the next instruction from which
// that is the return; -1 if it is none.
func (n *nextCalls) see(t *Transfer, index int, facts *Facts) (returned int) {
	switch t.Kind {
	case emu.Call:
		if o := (nextCall{t.From + 4, -1}); t.callsNext() {
			o.index = index
			n.open = append(n.open, o)
		} else if len(n.open) > 0 {
			n.open = append(n.open, o)
		}
	case emu.Return:
		for top := n.top(); top != nil && !facts.isHook(t.To) && top.addr != t.To && top.index >= 0; top = n.top() {
			n.pop()
		}
		if top := n.top(); top != nil && top.addr == t.To {
			n.pop()
			return top.index
		}
	}
	return -1
}

func (n *nextCalls) top() *nextCall {
	if len(n.open) == 0 {
		return nil
	}
	return &n.open[len(n.open)-1]
}

func (n *nextCalls) pop() { n.open = n.open[:len(n.open)-1] }
