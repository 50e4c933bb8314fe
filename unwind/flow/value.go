// SPDX-License-Identifier: GPL-2.0-only

package flow

import "fmt"

// Kind is a kind of value.
type Kind uint8

const (
	// Unknown can't be followed: the instruction By wrote something unknown, or paths that meet before it disagree.
	Unknown Kind = iota
	// Foreign is certainly not what the function was entered with, at least on one path: a return address of its own.
	Foreign
	// CFA is the canonical frame address plus Offset.
	CFA
	// CallerFP is X29 as it was on entry.
	CallerFP
	// CallerRA is X30 as it was on entry: the return address.
	CallerRA
	// SignedRA is the return address signed by pointer authentication, with CFA plus Offset as the modifier.
	SignedRA
	// Const is the number Offset.
	Const
	// BelowSP is whatever a word below SP holds: an interrupt may overwrite it at any time.
	BelowSP
	// AboveFrame is whatever a word at the CFA or above holds: the caller's, of which the function's code tells
	// nothing.
	AboveFrame
)

// AtEntry is in place of an instruction where a value is from outside.
const AtEntry = -1

// A Value is what is known of a register or of a word in the frame.
type Value struct {
	Kind   Kind
	Merged bool  // Unknown: paths that meet at By disagree
	Offset int32 // bytes, or the number of a Const
	By     int32 // the instruction that made it so, in bytes from the function's start, or AtEntry
}

// same reports whether two values are equal, whoever made them.
func (v Value) same(w Value) bool { return v.Kind == w.Kind && v.Offset == w.Offset }

// String writes "CFA-16", "caller's X29", "return address", "signed return address", "unknown", "overwritten".
func (v Value) String() string {
	switch v.Kind {
	case Foreign:
		return "overwritten"
	case CFA:
		if v.Offset == 0 {
			return "CFA"
		}
		return fmt.Sprintf("CFA%+d", v.Offset)
	case CallerFP:
		return "caller's X29"
	case CallerRA:
		return "return address"
	case SignedRA:
		return "signed return address"
	case Const:
		return fmt.Sprint(v.Offset)
	case BelowSP:
		return "below SP"
	case AboveFrame:
		return "above the frame"
	}
	return "unknown"
}

// isRA reports whether the value is the return address, signed or not.
func (v Value) isRA() bool { return v.Kind == CallerRA || v.Kind == SignedRA }

// meet is what two paths that meet at an instruction agree on.
func meet(a, b Value, at int32) Value {
	switch {
	case a.same(b):
		a.By = min(a.By, b.By)
		return a
	case a.Kind == Unknown:
		return a
	case b.Kind == Unknown:
		return b
	case a.Kind == Foreign:
		return a
	case b.Kind == Foreign:
		return b
	}
	return Value{Kind: Unknown, Merged: true, By: at}
}

// shown reports whether users are shown a slot with this value.
func (v Value) shown() bool { return v.Kind == CallerFP || v.isRA() || v.Kind == Unknown }

// shown reports whether users are shown a slot: not below SP.
func (s *state) shown(slot *Slot) bool {
	sp := s.regs[regSP]
	return slot.Value.shown() && (sp.Kind != CFA || slot.Offset >= sp.Offset)
}

// A Slot is a word of the frame.
type Slot struct {
	Offset int32 // from the CFA, in bytes
	Value  Value
}

// maxSlots bounds what is remembered of a frame. Only words that lead to the caller are.
const maxSlots = 12

// state is what is known before an instruction.
type state struct {
	regs [32]Value // X0 to X30, SP
	// slots are the words of the frame that hold something from the entry, a saved SP, or what is unknown where such a
	// value was. Those below SP are there because a frame may be written before SP is moved: their values are those
	// that were stored, which an interrupt may overwrite.
	slots  [maxSlots]Slot
	nslots int8
	// shadow is what the function has pushed to the shadow call stack. Unwinders don't look there.
	shadow Value
	// blurred says that a slot was lost track of: that none is known to hold a value proves nothing.
	blurred bool
}

// onEntry is the state in which a function is called.
func onEntry() state {
	var s state
	for i := range s.regs {
		s.regs[i].By = AtEntry
	}
	s.regs[regFP].Kind = CallerFP
	s.regs[regLR].Kind = CallerRA
	s.regs[regSP].Kind = CFA
	return s
}

// untouched reports whether the frame is as on entry, so that the caller can be returned to.
func (s *state) untouched() bool {
	return s.regs[regSP].same(Value{Kind: CFA}) && s.regs[regFP].Kind == CallerFP && s.regs[regLR].Kind == CallerRA
}

func (s *state) slot(offset int32) (Value, bool) {
	for i := range s.nslots {
		if s.slots[i].Offset == offset {
			return s.slots[i].Value, true
		}
	}
	return Value{}, false
}

// find reports whether a slot holds a value of the kind.
func (s *state) find(holds func(Value) bool) (Slot, bool) {
	for _, slot := range s.slots[:s.nslots] {
		if holds(slot.Value) {
			return slot, true
		}
	}
	return Slot{}, false
}

// keepSlots drops the slots that don't satisfy a condition.
func (s *state) keepSlots(keep func(Slot) bool) {
	n := int8(0)
	for _, slot := range s.slots[:s.nslots] {
		if keep(slot) {
			s.slots[n] = slot
			n++
		}
	}
	s.nslots = n
}

// recoverable reports whether the return address, and X29 of the caller, are somewhere.
func (s *state) recoverable() (ra, fp bool) {
	_, raSaved := s.find(Value.isRA)
	_, fpSaved := s.find(func(v Value) bool { return v.Kind == CallerFP })
	return raSaved || s.regs[regLR].isRA(), fpSaved || s.regs[regFP].Kind == CallerFP
}

// join lowers s to what it has in common with t, where two paths meet. It reports whether s changed.
func (s *state) join(t *state, at int32) bool {
	changed := t.blurred && !s.blurred
	s.blurred = s.blurred || t.blurred
	for i := range s.regs {
		v := meet(s.regs[i], t.regs[i], at)
		if !v.same(s.regs[i]) {
			changed = true
		}
		s.regs[i] = v
	}
	if v := meet(s.shadow, t.shadow, at); !v.same(s.shadow) {
		s.shadow, changed = v, true
	}
	before := s.nslots
	s.keepSlots(func(slot Slot) bool {
		other, ok := t.slot(slot.Offset)
		return ok && other.same(slot.Value)
	})
	if s.nslots != before {
		changed = true
	}
	if lost := s.nslots != before || s.nslots != t.nslots; lost && !s.blurred {
		s.blurred, changed = true, true
	}
	return changed
}

// fits reports whether two paths may meet with these states in code that makes sense: they have the same frame, and
// what both could recover can still be recovered by what they agree on. SP need not be known where X29 tells the frame.
func (s *state) fits(t *state) bool {
	if !s.regs[regFP].same(t.regs[regFP]) {
		return false
	}
	variable := s.regs[regFP].Kind == CFA && (s.regs[regSP].Kind == Unknown || t.regs[regSP].Kind == Unknown)
	if !variable && !s.regs[regSP].same(t.regs[regSP]) {
		return false
	}
	sRA, sFP := s.recoverable()
	tRA, tFP := t.recoverable()
	if !(sRA && tRA) && !(sFP && tFP) {
		return true
	}
	both := *s
	both.join(t, 0)
	ra, fp := both.recoverable()
	return (ra || !sRA || !tRA) && (fp || !sFP || !tFP)
}
