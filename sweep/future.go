// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"slices"

	"stacksweep/emu"
)

// future is the second oracle: the true stack is the list of places to which control later returns. Going backwards
// through the run, a return pushes the address where it arrived, with SP and X29 as they were there, and a call pops.
// It needs no rule for tracers, save that an arrival at a hook is not yet the return that counts.
func future(log transferLog, k known, b *base) (*history, error) {
	h := newHistory(log, b)
	top := b.top()
	for t := range log.backwards() {
		h.changes = append(h.changes, change{t.step + 1, top})
		switch t.kind {
		case emu.Return, emu.ExceptionReturn:
			if k.hooks.has(t.to) {
				break
			}
			top = h.push(node{addr: t.to, sp: t.sp, fp: t.fp, parent: top})
		case emu.Call, emu.Exception:
			if k.hooks.entersHandlerAtHook(t) {
				break
			}
			if top == b.top() {
				return nil, &Conflict{Step: int(t.step), What: fmt.Sprintf("a call at %#x that never returns", t.from)}
			}
			if t.kind == emu.Exception {
				h.exceptions[top] = t.from
			}
			top = h.nodes[top].parent
		}
	}
	if top != b.top() {
		return nil, &Conflict{What: fmt.Sprintf("a return to %#x that no call explains", h.nodes[top].addr)}
	}
	slices.Reverse(h.changes)
	return h, nil
}
