// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"fmt"
	"slices"

	"stacksweep/emu"
)

// Future is the second oracle: the true stack is the list of places to which control later returns. Going backwards
// through the run, a return pushes the address where it arrived, with SP and X29 as they were there, and a call pops.
// It needs no rule for tracers, save that an arrival at a hook is not yet the return that counts.
func Future(log Log, facts Facts, under *Base) (*History, error) {
	h := newHistory(log, under)
	top := under.top()
	for t := range log.backwards() {
		h.changes = append(h.changes, change{t.Step + 1, top})
		switch t.Kind {
		case emu.Return, emu.ExceptionReturn:
			if facts.isHook(t.To) {
				break
			}
			top = h.push(node{addr: t.To, sp: t.SP, fp: t.FP, parent: top})
		case emu.Call, emu.Exception:
			if facts.entersHandler(t) {
				break
			}
			if top == under.top() {
				return nil, &Conflict{Step: int(t.Step), What: fmt.Sprintf("a call at %#x that never returns", t.From)}
			}
			if t.Kind == emu.Exception {
				h.exceptions[top] = t.From
			}
			top = h.nodes[top].parent
		}
	}
	if top != under.top() {
		return nil, &Conflict{What: fmt.Sprintf("a return to %#x that no call explains", h.nodes[top].addr)}
	}
	slices.Reverse(h.changes)
	return h, nil
}
