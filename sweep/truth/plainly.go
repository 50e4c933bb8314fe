// SPDX-License-Identifier: GPL-2.0-only

package truth

import "stacksweep/emu"

// plainly is the short way through a chunk in which everything is what it says: BL and BLR call, RET returns from what
// was called last, and no hook is in it. It adds to kept what doesn't cancel, and to log, if that isn't nil,
// everything. If it reports false the chunk must be classified, and kept and log mean nothing.
func (c *classifier) plainly(chunk *emu.Chunk, kept []Transfer, log *[]Transfer) ([]Transfer, bool) {
	if c.linked || len(c.facts.Tasks.Others) > 0 {
		return kept, false
	}
	for i := range chunk.Transfers {
		t := transferOf(chunk, i)
		if log != nil {
			*log = append(*log, t)
		}
		switch t.Kind {
		case emu.Link, emu.Jump:
			return kept, false
		case emu.Call:
			if t.callsNext() {
				return kept, false
			}
		case emu.Exception:
			if c.facts.entersHandler(&t) {
				return kept, false
			}
		case emu.Return, emu.ExceptionReturn:
			if c.facts.isHook(t.To) {
				return kept, false
			}
			if n := len(kept) - 1; n >= 0 && c.facts.cancel(&kept[n], &t) {
				kept = kept[:n]
				continue
			}
		}
		kept = append(kept, t)
	}
	c.before = append(c.before[:0], c.open...)
	for i := range kept {
		if !c.saysIt(&kept[i]) {
			c.open = append(c.open[:0], c.before...)
			return kept, false
		}
		c.follow(&kept[i])
	}
	return kept, true
}
