// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"fmt"

	"stacksweep/emu"
)

// Past is the first oracle: a shadow call stack, kept as the run goes on. A call pushes its return address, a return
// to the top pops it; an exception pushes the interrupted instruction. A return to a hook leaves the top alone: the
// hook stands in for the function that came back, and will itself return to the top.
func Past(log Log, facts Facts, under *Base) (*History, error) {
	h := newHistory(log, under)
	top := under.top()
	for t := range log.Forwards() {
		switch t.Kind {
		case emu.Call:
			top = h.push(node{addr: t.back(), sp: t.SP, fp: t.FP, parent: top})
		case emu.Exception:
			if facts.entersHandler(t) {
				break
			}
			top = h.push(node{addr: t.From, sp: t.SP, fp: t.FP, parent: top})
			h.exceptions[top] = t.From
		case emu.Return, emu.ExceptionReturn:
			if facts.isHook(t.To) {
				break
			}
			if top != under.top() && t.Kind == emu.ExceptionReturn {
				if from, ok := h.exceptions[top]; ok && facts.goesOn(from, t.To) {
					h.nodes[top].addr = t.To
				}
			}
			if top == under.top() || h.nodes[top].addr != t.To {
				return nil,
					&Conflict{Step: int(t.Step),
						What: fmt.Sprintf("the return at %#x to %#x, which is not where the newest call came from",
							t.From, t.To)}
			}
			top = h.nodes[top].parent
		}
		h.changes = append(h.changes, change{t.Step + 1, top})
	}
	return h, nil
}
