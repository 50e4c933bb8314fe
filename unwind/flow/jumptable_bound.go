// SPDX-License-Identifier: GPL-2.0-only

package flow

// bound is how many values an index has at instruction i: one more than the number that it is compared with, where only
// what isn't higher comes here. Where paths meet each must have a bound.
func (t *tableReader) bound(index uint8, i int) (count int, ok bool) {
	const higher, notHigher = 8, 9 // conditions HI and LS
	for k := i - 1; k >= 0 && k >= t.at-maxTableCode; k-- {
		in := &t.a.insts[k]
		if t.a.leader[k+1] != 0 {
			for from := range t.branchesTo(k + 1) {
				n, ok := t.compared(index, from)
				if !ok || !t.isCondition(from, notHigher) {
					return 0, false
				}
				count = max(count, n)
			}
			// A call would have overwritten the index: it doesn't return.
			if dead := in.ends() || (in.op == opCall || in.op == opCallReg) && index <= 18; dead {
				return count, count > 0
			}
		}
		switch {
		case t.isCondition(k, higher):
			n, ok := t.compared(index, k)
			return max(count, n), ok
		case in.ends(), in.op == opCall, in.op == opCallReg, in.op == opCond, in.writes()&bitOf(index) != 0:
			return 0, false
		}
	}
	return 0, false
}

// isCondition reports whether an instruction is a branch with a condition.
func (t *tableReader) isCondition(k int, condition uint32) bool {
	return t.a.words[k]&0xff00001f == 0x54000000|condition
}

// compared is the number of values that aren't higher than the one that a register is compared with before branch k.
func (t *tableReader) compared(index uint8, k int) (int, bool) {
	for k--; k >= 0; k-- {
		w, in := t.a.words[k], &t.a.insts[k]
		if w&0x7fc0001f == 0x7100001f { // CMP with an immediate
			return int(w>>10&0xfff) + 1, t.equal(x(rn(w)), index, k)
		}
		if t.a.leader[k+1] != 0 || in.ends() || in.op != opOther && in.op != opMove && in.op != opAddImm &&
			in.op != opAddress && in.op != opConst &&
			in.op != opLoad && in.op != opStore || in.writes()&bitOf(index) != 0 {
			return 0, false
		}
	}
	return 0, false
}

// equal reports whether two registers have the same value at instruction i: one, or one copied from the other.
func (t *tableReader) equal(a, b uint8, i int) bool {
	if a == b {
		return true
	}
	for k := i - 1; k >= 0 && k >= i-maxTableCode; k-- {
		w, in := t.a.words[k], &t.a.insts[k]
		if in.ends() || t.a.leader[k+1] != 0 || in.op == opCall || in.op == opCallReg {
			return false
		}
		if in.writes()&(bitOf(a)|bitOf(b)) != 0 {
			isMove := w&0x7fe0ffe0 == 0x2a0003e0
			to, from := x(rd(w)), x(rm(w))
			return isMove && (to == a && from == b || to == b && from == a)
		}
	}
	return false
}

// branchesTo goes through the branches of the function that lead to an instruction.
func (t *tableReader) branchesTo(i int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for k := range t.a.insts {
			if op := t.a.insts[k].op; op != opBranch && op != opCond {
				continue
			}
			if to, inside := t.a.target(k); inside && to == i && !yield(k) {
				return
			}
		}
	}
}
