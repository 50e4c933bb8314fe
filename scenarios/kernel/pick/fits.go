// SPDX-License-Identifier: GPL-2.0-only

package pick

import (
	"stacksweep/internal/arm64"
	"stacksweep/unwind/flow"
)

func fitsDynamic(c *candidate) ([]uint32, bool) {
	if !c.isC() {
		return nil, false
	}
	return some(c.rows(func(r *flow.Row) bool { return r.SP.Kind == flow.Unknown && r.X29.Kind == flow.CFA }))
}

func (k *Code) fitsProtector(c *candidate) ([]uint32, bool) {
	fail, _ := k.lookup("__stack_chk_fail")
	calls := false
	for i, w := range words(c.code) {
		calls = calls || w == arm64.Branch(arm64.BL, c.symbol.Addr+uint64(4*i), fail)
	}
	return nil, calls && c.isFramed()
}

// The kernel is compiled without tail calls, so that these are mostly in assembly.
func fitsTailCall(c *candidate) ([]uint32, bool) {
	if c.flow.Class.Class == flow.Other || len(words(c.code)) < 4 {
		return nil, false
	}
	var jumps []uint32
	for _, e := range c.flow.Exits {
		if e.Kind == flow.Jump && e.Untouched {
			jumps = append(jumps, e.At)
		}
	}
	return some(jumps)
}

func fitsShrinkWrapped(c *candidate) ([]uint32, bool) {
	if !c.isFramed() {
		return nil, false
	}
	early := c.where(func(w uint32) bool {
		_, ok := conditional(w)
		return ok
	})
	untouched := func(at uint32) bool { s := c.flow.Row(at); return s.SP.Kind == flow.CFA && s.SP.Offset == 0 }
	if len(early) == 0 || early[0] > c.frameMade() || !untouched(early[0]) {
		return nil, false
	}
	return []uint32{c.frameMade()}, true
}

const bigFrame = 256

func fitsBigFrame(c *candidate) ([]uint32, bool) {
	if !c.isFramed() {
		return nil, false
	}
	return some(c.rows(func(r *flow.Row) bool { return r.SP.Kind == flow.CFA && r.SP.Offset <= -bigFrame }))
}

func fitsIndirect(c *candidate) ([]uint32, bool) {
	if !c.isFramed() {
		return nil, false
	}
	return some(c.where(callsPointer))
}

func fitsLeafLocals(c *candidate) ([]uint32, bool) {
	if !c.isC() || c.flow.Class.Class != flow.LeafMovingSP {
		return nil, false
	}
	return some(c.rows(func(r *flow.Row) bool { return r.SP.Kind == flow.CFA && r.SP.Offset < 0 }))
}

func fitsLeafLoop(c *candidate) ([]uint32, bool) {
	if !c.isLeaf() {
		return nil, false
	}
	return some(c.backwards())
}

func fitsLeaf(c *candidate) ([]uint32, bool) { return nil, c.isLeaf() && len(c.backwards()) == 0 }

func fitsLoop(c *candidate) ([]uint32, bool) {
	if !c.isFramed() || c.flow.Class.Calls == 0 {
		return nil, false
	}
	return some(c.backwards())
}

// isSave reports whether an instruction stores X19 to X28 into the frame: STP or STR of 64 bits with SP as the base.
func isSave(w uint32) bool {
	rt, rn := w&0x1f, w>>5&0x1f
	isPair := w&0xfe400000 == 0xa8000000
	isSingle := w&0xffc00000 == 0xf9000000
	return (isPair || isSingle) && rn == 31 && rt >= 19 && rt <= 28
}

func fitsSaved(c *candidate) ([]uint32, bool) {
	if !c.isFramed() {
		return nil, false
	}
	return some(c.where(isSave))
}

func fitsRecord(c *candidate) ([]uint32, bool) {
	if !c.isFramed() || len(c.where(isSave)) > 0 {
		return nil, false
	}
	return []uint32{c.frameMade()}, true
}

func fitsSigned(c *candidate) ([]uint32, bool) {
	if !c.isFramed() {
		return nil, false
	}
	return some(c.where(func(w uint32) bool { return w == arm64.PACIASP }))
}

func fitsInside(c *candidate) ([]uint32, bool) {
	var offsets []uint32
	for _, r := range c.inside {
		for pc := r.Start; pc < r.End; pc += 4 {
			offsets = append(offsets, uint32(pc-c.symbol.Addr))
		}
	}
	return some(offsets)
}
