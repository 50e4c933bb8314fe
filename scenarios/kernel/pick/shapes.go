// SPDX-License-Identifier: GPL-2.0-only

package pick

import (
	"encoding/binary"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/unwind"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// A candidate is a function that may be picked.
type candidate struct {
	symbol image.Symbol
	code   []byte
	flow   *flow.Function
	inside []unwind.Range // instructions that shapes by the unwind table are about
}

// A shape is a way of functions to treat their stack frames, or a kind of hole in the unwind table.
type shape struct {
	name, doc string
	// fits says whether a function is of the shape, and which of its instructions, as offsets, show it: one of them
	// must be executed. With none, any call shows it.
	fits func(c *candidate) (shows []uint32, ok bool)
	// twice: only an instruction that is executed again shows it.
	twice bool
	pac   bool                // return addresses are signed
	most  int                 // functions that are picked; 0 means perShape
	table bool                // about rows of the unwind table
	kind  tablecheck.HoleKind // about such a hole in it
	// hint, of a shape that is looked for in all functions and not only in the first ones, says whether it is worth a
	// closer look: only functions with such an instruction can be of the shape.
	hint func(word uint32) bool
}

// shapes are the shapes that there may be functions of in this kernel. A function counts as the first shape that it
// fits and for which more functions are needed.
func (k *Code) shapes() []shape {
	all := []shape{
		{name: "dynamic", doc: "SP is moved by an amount that isn't known: the CFA is X29's", fits: fitsDynamic,
			hint: setsSP},
		{name: "tail-call", doc: "left by a jump to another function, which returns for it", fits: fitsTailCall,
			hint: isJump},
		{name: "shrink-wrapped", doc: "a frame is made on some paths only", fits: fitsShrinkWrapped},
		{name: "big-frame", doc: "frames of 256 bytes and more", fits: fitsBigFrame, hint: growsStack},
		{name: "indirect", doc: "calls by pointer", fits: fitsIndirect, hint: callsPointer},
		{name: "leaf-locals", doc: "no frame record, but SP is moved: local variables of a leaf", fits: fitsLeafLocals,
			hint: growsStack},
		{name: "leaf-loop", doc: "leaf functions that go through a loop", fits: fitsLeafLoop, twice: true},
		{name: "leaf", doc: "leaf functions without a loop", fits: fitsLeaf},
		{name: "loop", doc: "a loop around calls", fits: fitsLoop, twice: true},
		{name: "saved-registers", doc: "callee-saved registers are pushed", fits: fitsSaved},
		{name: "frame-record", doc: "a frame record and nothing else", fits: fitsRecord},
	}
	if _, ok := k.lookup("__stack_chk_fail"); ok {
		protected := shape{name: "protector", doc: "a canary on the stack is checked on return", fits: k.fitsProtector,
			hint: isCall}
		all = slices.Insert(all, 1, protected)
	}
	if k.signs() {
		all = append(all,
			shape{name: PAC, doc: "frames whose return addresses are signed, with pointer authentication switched on",
				fits: fitsSigned, pac: true})
	}
	for _, kind := range tablecheck.HoleKinds {
		if kind != tablecheck.NoSymbol && slices.ContainsFunc(k.holes(), func(h tablecheck.Hole) bool {
			return h.Kind == kind
		}) {
			all = append(all,
				shape{name: "hole-" + string(kind), doc: "interrupted in a hole of the unwind table: " + kind.Explain(),
					fits: fitsInside, kind: kind})
		}
	}
	if k.Table {
		all = append(all, k.wrongRow())
	}
	return all
}

// Shapes that are run in their own way.
const (
	PAC      = "pac"       // return addresses are signed
	WrongRow = "wrong-row" // instructions whose row in the unwind table is wrong are executed
)

func (k *Code) wrongRow() shape {
	return shape{name: WrongRow, doc: "interrupted where the code contradicts the unwind table, if it does anywhere",
		fits: fitsInside, most: ofWrongRows, table: true}
}

// signs reports whether the kernel's functions sign return addresses.
func (k *Code) signs() bool {
	s, ok := k.Image.Symbols.Lookup("arch_stack_walk")
	return ok && slices.Contains(words(tablecheck.Code(k.Image)(s.Addr, s.Addr+min(s.Size, 64))), arm64.PACIASP)
}

// words are the instructions of code.
func words(code []byte) []uint32 {
	list := make([]uint32, len(code)/4)
	for i := range list {
		list[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	return list
}

// where returns the offsets of the instructions that satisfy a condition.
func (c *candidate) where(is func(word uint32) bool) (offsets []uint32) {
	for i, w := range words(c.code) {
		if is(w) {
			offsets = append(offsets, uint32(4*i))
		}
	}
	return offsets
}

// rows returns where rows begin that satisfy a condition.
func (c *candidate) rows(is func(r *flow.Row) bool) (offsets []uint32) {
	for i := range c.flow.Rows {
		if r := &c.flow.Rows[i]; r.How != flow.Unreached && is(r) {
			offsets = append(offsets, r.Start)
		}
	}
	return offsets
}

// isC reports whether a compiler made the function: it begins with NOPs for ftrace, which assembly never has.
func (c *candidate) isC() bool { return c.flow.Class.Patchable }

func (c *candidate) isFramed() bool { return c.isC() && c.flow.Class.Class == flow.Framed }

// backwards returns the branches to earlier instructions.
func (c *candidate) backwards() []uint32 {
	var offsets []uint32
	for i, w := range words(c.code) {
		if distance, ok := conditional(w); ok && distance < 0 && 4*i+int(distance) >= 0 {
			offsets = append(offsets, uint32(4*i))
		}
	}
	return offsets
}

// conditional decodes the distance in bytes of a conditional branch.
func conditional(word uint32) (distance int32, ok bool) {
	switch {
	case word>>24 == 0x54, word>>25&0x3f == 0x1a: // B.cond, CBZ, CBNZ
		return int32(word<<8) >> 13 << 2, true
	case word>>25&0x3f == 0x1b: // TBZ, TBNZ
		return int32(word<<13) >> 18 << 2, true
	}
	return 0, false
}

// Instructions that give a function away.
func isJump(w uint32) bool       { return arm64.IsB(w) }
func isCall(w uint32) bool       { return arm64.IsBL(w) }
func callsPointer(w uint32) bool { return arm64.IsBLR(w) }

// setsSP: mov sp, xN or sub sp, sp, xN, but not mov sp, x29, which every frame is taken down with somewhere.
func setsSP(w uint32) bool {
	return w&0xffe0ffff == 0xcb2063ff || w&0xfffffc1f == 0x9100001f && w>>5&0x1f != 29
}

// growsStack: sub sp, sp, #n
func growsStack(w uint32) bool { return w&0xff8003ff == 0xd10003ff }

func some(offsets []uint32) ([]uint32, bool) { return offsets, len(offsets) > 0 }

// frameMade is the instruction with which a framed function has made its frame record.
func (c *candidate) frameMade() uint32 { return uint32(max(0, c.flow.Class.At)) }

// isLeaf leaves out functions that do nothing but return.
func (c *candidate) isLeaf() bool {
	return c.isC() && c.flow.Class.Class == flow.Leaf && len(c.where(func(w uint32) bool { return w != arm64.NOP })) > 4
}
