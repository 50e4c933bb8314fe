// SPDX-License-Identifier: GPL-2.0-only

package truth

import "stacksweep/emu"

// fold adds to kept what of a classified chunk doesn't cancel. A return to a hook leaves the stack alone.
func (f *Facts) fold(kept, chunk []Transfer) []Transfer {
	for i := range chunk {
		t := &chunk[i]
		switch t.Kind {
		case emu.Return, emu.ExceptionReturn:
			if f.isHook(t.To) {
				continue
			}
			if n := len(kept) - 1; n >= 0 && f.cancel(&kept[n], t) {
				kept = kept[:n]
				continue
			}
		case emu.Exception:
			if f.entersHandler(t) {
				continue
			}
		}
		kept = append(kept, *t)
	}
	return kept
}

// cancel reports whether a transfer, and a return that follows it, leave the stack as it was.
func (f *Facts) cancel(t, back *Transfer) bool {
	switch {
	case t.SP != back.SP || t.FP != back.FP:
		return false
	case t.Kind == emu.Call: // an exception returns from a kretprobe's trampoline in the place of the call
		return t.back() == back.To
	}
	return t.Kind == emu.Exception && back.Kind == emu.ExceptionReturn && f.goesOn(t.From, back.To)
}

// extents are the lengths of a run's chunks, which are nearly all the same.
type extents struct {
	next int // the step after the chunks
	all  []extent
}

// An extent is how many steps chunks have, from the one on that begins with a step.
type extent struct{ first, steps int }

// add adds a chunk.
func (e *extents) add(c *emu.Chunk) {
	if n := len(e.all); n == 0 || e.all[n-1].steps != c.Steps {
		e.all = append(e.all, extent{c.First, c.Steps})
	}
	e.next = c.First + c.Steps
}

// follow reports whether a chunk is the next one.
func (e *extents) follow(c *emu.Chunk) bool {
	if len(e.all) > 1 && e.all[1].first == c.First {
		e.all = e.all[1:]
	}
	ok := c.First == e.next && len(e.all) > 0 && e.all[0].steps == c.Steps
	e.next = c.First + c.Steps
	return ok
}
