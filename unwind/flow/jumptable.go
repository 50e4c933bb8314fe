// SPDX-License-Identifier: GPL-2.0-only

package flow

import "stacksweep/internal/arm64"

// Compilers make of a switch a bounded index into a table of distances, and a branch to what is that far from an
// address:
//
//	  gcc                               clang
//	  cmp  w4, #120                     cmp   w8, #9
//	  b.hi default                      b.hi  default
//	  adrp x0, table                    adrp  x9, table
//	  add  x0, x0, :lo12:table          add   x9, x9, :lo12:table
//	  ldrb w0, [x0, w4, uxtw]           adr   x10, base
//	  adr  x4, base                     ldrb  w11, [x9, x8]
//	  add  x0, x4, w0, sxtb #2          add   x10, x10, x11, lsl #2
//	  br   x0                           br    x10
//
// The entries are bytes, halfwords or words. The index is compared right before, or before the conditional branches
// that lead here, and the address of the table may be computed earlier. What doesn't look so is left to inference.

// maxTable bounds the entries of a table, maxTableCode how far apart the instructions are that belong to it.
const (
	maxTable     = 4096
	maxTableCode = 32
)

// loadTables finds out where the function's computed branches lead.
func (a *analyzer) loadTables() {
	clear(a.tables)
	if a.known == nil || a.known.Data == nil {
		return
	}
	for i := range a.insts {
		if a.insts[i].op != opJumpReg {
			continue
		}
		t := tableReader{a: a, at: i}
		if targets, ok := t.targets(a.insts[i].rn); ok {
			if a.tables == nil {
				a.tables = map[int][]int{}
			}
			a.tables[i] = targets
			for _, to := range targets {
				a.addLeader(to)
			}
		}
	}
}

// A tableReader goes backwards from a computed branch.
type tableReader struct {
	a  *analyzer
	at int // the branch
}

// definition is the instruction before i that sets a register, if there is one in the same stretch of code.
func (t *tableReader) definition(reg uint8, i int) (int, bool) {
	for k := i - 1; k >= 0 && k >= i-maxTableCode; k-- {
		in := &t.a.insts[k]
		if in.ends() || in.op == opCall || in.op == opCallReg {
			break
		}
		if in.writes()&bitOf(reg) != 0 {
			return k, true
		}
	}
	return 0, false
}

// onlyDefinition is the last of the instructions that compute an address in a register, if no other in the function
// sets it but those that restore it: compilers move the address of a table out of loops.
func (t *tableReader) onlyDefinition(reg uint8) (at int, ok bool) {
	for k := range t.a.insts {
		in := &t.a.insts[k]
		switch {
		case in.writes()&bitOf(reg) == 0, in.op == opLoad && (in.rn == regSP || in.rn == regFP):
		case in.op == opAddress && !ok, in.op == opAddImm && in.rn == reg && ok && t.a.insts[at].op == opAddress &&
			k-at < maxTableCode:
			at, ok = k, true
		default:
			return 0, false
		}
	}
	return at, ok && (reg > 18 || !t.calls())
}

// calls reports whether the function calls anything.
func (t *tableReader) calls() bool {
	for k := range t.a.insts {
		if op := t.a.insts[k].op; op == opCall || op == opCallReg {
			return true
		}
	}
	return false
}

// An entryLoad is the load of a table's entry.
type entryLoad struct {
	at     int
	table  uint64
	index  uint8
	size   uint64
	signed bool
}

// targets reads the table that the target of a branch is computed from.
func (t *tableReader) targets(reg uint8) ([]int, bool) {
	sum, ok := t.definition(reg, t.at)
	if !ok {
		return nil, false
	}
	w := t.a.words[sum]
	base, offset := x(rn(w)), x(rm(w))
	shift, signed := uint32(0), false
	switch {
	case w&0xffe00000 == 0x8b200000: // ADD, extended register
		option := w >> 13 & 7
		if option&3 == 3 {
			return nil, false
		}
		shift, signed = w>>10&7, option&4 != 0
	case w&0xffe00000 == 0x8b000000: // ADD, shifted register
		shift = w >> 10 & 63
	default:
		return nil, false
	}
	load, ok := t.entryLoad(offset, sum)
	if !ok && shift == 0 { // the operands of a sum may be the other way round
		base, offset = offset, base
		load, ok = t.entryLoad(offset, sum)
	}
	from, known := t.address(base, sum)
	if !ok || !known || shift > 2 {
		return nil, false
	}
	count, ok := t.bound(load.index, load.at)
	if !ok || count > maxTable {
		return nil, false
	}
	return t.read(&load, from, count, shift, signed || load.signed)
}

// read reads the entries of a table, each the distance of a target from an address.
func (t *tableReader) read(load *entryLoad, from uint64, count int, shift uint32, signed bool) ([]int, bool) {
	data, ok := t.a.known.Data(load.table, load.size*uint64(count))
	if !ok {
		return nil, false
	}
	targets, seen := make([]int, 0, count), map[int]bool{}
	for ; len(data) > 0; data = data[load.size:] {
		var v uint64
		for k := range load.size {
			v |= uint64(data[k]) << (8 * k)
		}
		if unused := 64 - 8*load.size; signed {
			v = uint64(int64(v<<unused) >> unused)
		}
		to := from + v<<shift - t.a.addr
		if to%4 != 0 || to/4 >= uint64(len(t.a.insts)) {
			return nil, false
		}
		if i := int(to / 4); !seen[i] {
			seen[i] = true
			targets = append(targets, i)
		}
	}
	return targets, true
}

// entryLoad finds the load of a register that is used at instruction i from a table.
func (t *tableReader) entryLoad(reg uint8, i int) (l entryLoad, ok bool) {
	if l.at, ok = t.definition(reg, i); !ok {
		return l, false
	}
	w := t.a.words[l.at]
	switch w & 0xffe00c00 { // the register offsets
	case 0x38600800: // LDRB
		l.size = 1
	case 0x78600800: // LDRH
		l.size = 2
	case 0xb8600800: // LDR of 32 bits
		l.size = 4
	case 0xb8a00800: // LDRSW
		l.size, l.signed = 4, true
	default:
		return l, false
	}
	option := w >> 13 & 7
	if isScaled := w>>12&1 != 0; !isScaled && l.size > 1 || option != 2 && option != 3 { // UXTW, LSL
		return l, false
	}
	l.index = x(rm(w))
	l.table, ok = t.address(x(rn(w)), l.at)
	return l, ok
}

// address is what ADR, or ADRP and ADD, have put into a register that is used at instruction i.
func (t *tableReader) address(reg uint8, i int) (uint64, bool) {
	k, ok := t.definition(reg, i)
	if !ok {
		k, ok = t.onlyDefinition(reg)
	}
	if !ok {
		return 0, false
	}
	w, pc := t.a.words[k], t.a.addr+uint64(4*k)
	switch {
	case w&arm64.ADRPMask == arm64.ADR:
		return pc + distance(w), true
	case w&arm64.ADRPMask == arm64.ADRP:
		return pc&^0xfff + distance(w)<<12, true
	case t.a.insts[k].op == opAddImm:
		if _, ok := t.definition(t.a.insts[k].rn, k); !ok {
			return 0, false
		}
		page, ok := t.address(t.a.insts[k].rn, k)
		return page + uint64(int64(t.a.insts[k].imm)), ok
	}
	return 0, false
}

// distance is the immediate of ADR and ADRP.
func distance(word uint32) uint64 {
	return uint64(int64(signed(word, 23, 5))<<2 | int64(bits(word, 30, 29)))
}
