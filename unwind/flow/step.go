// SPDX-License-Identifier: GPL-2.0-only

package flow

import "slices"

// afterCall are the registers that a called function needn't preserve: X0 to X18. X30 is written by the call itself.
const afterCall = 1<<19 - 1

// step changes the state by an instruction; at is where it is, in bytes from the function's start.
func (s *state) step(in *inst, at int32) {
	if in.clobbers != 0 {
		s.lose(in.clobbers, at)
	}
	switch in.op {
	case opAddImm:
		s.set(in.rd, add(s.get(in.rn), in.imm, at))
	case opAddReg:
		s.set(in.rd, addReg(s.get(in.rn), s.get(in.rm), in, at))
	case opMove:
		v := s.get(in.rm)
		v.By = at
		s.set(in.rd, v)
	case opConst:
		s.set(in.rd, Value{Kind: Const, Offset: in.imm, By: at})
	case opAddress:
		s.set(in.rd, Value{Kind: Foreign, By: at})
	case opInsert:
		v := s.get(in.rd)
		if v.Kind == Const && (in.bytes == 0 || in.imm < 1<<15 && v.Offset >= 0) {
			v.Offset = v.Offset&^(0xffff<<in.bytes) | in.imm<<in.bytes
		} else {
			v = Value{}
		}
		v.By = at
		s.set(in.rd, v)
	case opLoad, opStore:
		s.access(in, at)
	case opSign:
		s.sign(at)
	case opAuth, opReturnPAC:
		s.authenticate(at)
	case opStrip:
		if v := &s.regs[regLR]; v.Kind == SignedRA {
			*v = Value{Kind: CallerRA, By: at}
		}
	case opPushSCS:
		s.shadow = s.regs[regLR]
	case opPopSCS: // who is called leaves the shadow call stack as it was
		v := s.shadow
		v.By = at
		s.regs[regLR], s.shadow = v, unknown(at)
	case opCall, opCallReg:
		if !in.nextOnly() {
			s.lose(afterCall, at)
			s.loseBelowSP()
		}
		s.set(regLR, Value{Kind: Foreign, By: at})
	case opGrow:
		returns := s.get(in.rm)
		returns.By = at
		s.lose(afterCall, at)
		s.loseBelowSP()
		s.set(regLR, returns)
	case opSVC:
		s.lose(1, at)
	case opSMC:
		s.lose(afterCall, at)
	}
}

func (s *state) get(reg uint8) Value {
	if reg == regZR {
		return Value{Kind: Const, By: AtEntry}
	}
	return s.regs[reg]
}

// set gives a register a value. Where SP moves up, what is left below it is lost, because interrupts use that memory.
// Where it moves down, what was below it was at the same risk before.
func (s *state) set(reg uint8, v Value) {
	if reg == regZR {
		return
	}
	before := s.regs[reg]
	s.regs[reg] = v
	if down := before.Kind == CFA && v.Offset <= before.Offset; reg == regSP && v.Kind == CFA && !down {
		s.keepSlots(func(slot Slot) bool { return slot.Offset >= v.Offset })
	}
}

// loseBelowSP drops what lies below SP, which a called function may overwrite. In Go none does where X29 points right
// below SP: the caller's X29 is kept there, and callees leave the word alone.
func (s *state) loseBelowSP() {
	sp, fp := s.regs[regSP], s.regs[regFP]
	if sp.Kind != CFA || fp.Kind == CFA && fp.Offset == sp.Offset-8 {
		return
	}
	s.keepSlots(func(slot Slot) bool { return slot.Offset >= sp.Offset })
}

// lose makes registers unknown.
func (s *state) lose(regs uint32, at int32) {
	for r := uint8(0); regs != 0; r, regs = r+1, regs>>1 {
		if regs&1 != 0 {
			s.regs[r] = Value{By: at}
		}
	}
}

func unknown(at int32) Value { return Value{By: at} }

// add adds a number to a value.
func add(v Value, n, at int32) Value {
	sum := int64(v.Offset) + int64(n)
	switch {
	case n == 0:
	case (v.Kind == CFA || v.Kind == Const) && sum == int64(int32(sum)):
		v.Offset = int32(sum)
	default:
		return unknown(at)
	}
	v.By = at
	return v
}

func addReg(a, b Value, in *inst, at int32) Value {
	n := int64(b.Offset) << in.imm
	if in.negative {
		n = -n
	}
	switch {
	case b.Kind == Const && in.imm < 32 && n == int64(int32(n)):
		return add(a, int32(n), at)
	case a.Kind == Const && !in.negative && in.imm == 0:
		return add(b, a.Offset, at)
	}
	return unknown(at)
}

func (s *state) sign(at int32) {
	v, modifier := &s.regs[regLR], s.regs[regSP]
	if v.Kind == CallerRA && modifier.Kind == CFA {
		*v = Value{Kind: SignedRA, Offset: modifier.Offset, By: at}
		return
	}
	*v = unknown(at)
}

func (s *state) authenticate(at int32) {
	v, modifier := &s.regs[regLR], s.regs[regSP]
	if v.Kind == SignedRA && modifier.same(Value{Kind: CFA, Offset: v.Offset}) {
		*v = Value{Kind: CallerRA, By: at}
		return
	}
	*v = unknown(at)
}

// access does a load or store, and steps its base.
func (s *state) access(in *inst, at int32) {
	base := s.get(in.rn)
	addr := base
	if in.mode != modePost {
		addr = add(base, in.imm, at)
	}
	inFrame := addr.Kind == CFA && in.mode != modeFar
	stepped := in.mode == modePre || in.mode == modePost
	if in.op == opStore && in.mode == modePre {
		s.set(in.rn, addr) // so that what is stored isn't below SP
	}
	switch {
	case in.op == opStore && inFrame && (in.rn == regSP || in.rn == regFP || s.interesting(in)):
		s.store(in, addr.Offset)
	case in.op == opStore:
		if s.interesting(in) && in.rn == regSP {
			s.blurred = true // to a place in the frame that can't be told
		}
	case in.op == opLoad && in.regs > 0:
		s.load(in, addr, inFrame, at)
	}
	if stepped && !(in.op == opStore && in.mode == modePre) {
		s.set(in.rn, add(base, in.imm, at))
	}
}

// interesting reports whether a store saves something that leads to the caller.
func (s *state) interesting(in *inst) bool {
	return in.regs > 0 && s.leads(s.get(in.rd)) || in.regs > 1 && s.leads(s.get(in.rm))
}

// leads reports whether a value is worth remembering when it is saved: what leads to the caller, and SP itself.
func (s *state) leads(v Value) bool {
	return v.Kind == CallerFP || v.isRA() || v.Kind == CFA && v.same(s.regs[regSP])
}

// store stores to a place in the frame.
func (s *state) store(in *inst, offset int32) {
	var lost [2]int32 // where whole words that led to the caller are overwritten
	n := 0
	s.keepSlots(func(slot Slot) bool {
		if slot.Offset+8 <= offset || slot.Offset >= offset+in.bytes {
			return true
		}
		if isWord := slot.Offset == offset || slot.Offset == offset+8; isWord && n < len(lost) && slot.Value.shown() {
			lost[n] = slot.Offset
			n++
		}
		return false
	})
	for i := range in.regs {
		v := s.get(in.rd)
		if i == 1 {
			v = s.get(in.rm)
		}
		s.save(offset+8*int32(i), v, slices.Contains(lost[:n], offset+8*int32(i)))
	}
}

// save remembers that a word of the frame holds a value, if that matters: if the value leads to the caller, or nothing
// knows whether it does where one was that did.
func (s *state) save(offset int32, v Value, replaces bool) {
	matters := s.leads(v) || replaces && v.Kind == Unknown
	switch {
	case !matters:
	case int(s.nslots) == len(s.slots):
		s.blurred = true
	default:
		s.slots[s.nslots] = Slot{offset, v}
		s.nslots++
	}
}

func (s *state) load(in *inst, addr Value, inFrame bool, at int32) {
	word := func(i int32) Value {
		if inFrame {
			if v, ok := s.slot(addr.Offset + 8*i); ok {
				v.By = at
				return v
			}
		}
		return unknown(at)
	}
	first, second := word(0), word(1)
	s.set(in.rd, first)
	if in.regs > 1 {
		s.set(in.rm, second)
	}
}
