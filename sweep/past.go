// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"

	"stacksweep/emu"
)

// past is the first oracle: a shadow call stack, kept as the run goes on. A call pushes its return address, a return
// to the top pops it; an exception pushes the interrupted instruction. A return to a hook leaves the top alone: the hook
// stands in for the function that came back, and will itself return to the top.
func past(log transferLog, k known, b *base) (*history, error) {
	h := newHistory(log, b)
	top := b.top()
	for t := range log.forwards() {
		switch t.kind {
		case emu.Call:
			top = h.push(node{addr: t.from + 4, sp: t.sp, fp: t.fp, parent: top})
		case emu.Exception:
			if k.hooks.entersHandlerAtHook(t) {
				break
			}
			top = h.push(node{addr: t.from, sp: t.sp, fp: t.fp, parent: top})
			h.exceptions[top] = t.from
		case emu.Return, emu.ExceptionReturn:
			if k.hooks.has(t.to) {
				break
			}
			if top != b.top() && t.kind == emu.ExceptionReturn {
				if from, ok := h.exceptions[top]; ok && k.goesOn(from, t.to) {
					h.nodes[top].addr = t.to
				}
			}
			if top == b.top() || h.nodes[top].addr != t.to {
				return nil, &Conflict{Step: int(t.step), What: fmt.Sprintf("a return to %#x, which is not where the newest call came from", t.to)}
			}
			top = h.nodes[top].parent
		}
		h.changes = append(h.changes, change{t.step + 1, top})
	}
	return h, nil
}
