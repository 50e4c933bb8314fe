// SPDX-License-Identifier: GPL-2.0-only

package flow

// markGrowth finds the calls by which a Go function gets a larger stack before it makes its frame, and then begins
// anew. The callee (runtime.morestack and kin) moves the stack, and goes on after the call with X30 as X3 was; see
// cmd/internal/obj/arm64/obj7.go and runtime/asm_arm64.s.
//
//	mov x3, x30
//	bl  runtime.morestack_noctxt
//	ldr x0, [sp, #8]     any number of arguments, kept where the caller has room for them
//	b   function
func (a *analyzer) markGrowth() {
	for i := 1; i < len(a.insts); i++ {
		keeps := &a.insts[i-1]
		if a.insts[i].op != opCall || keeps.op != opMove || keeps.rm != regLR || keeps.rd >= 19 {
			continue
		}
		last := i + 1
		for last < len(a.insts) && a.reloads(last) {
			last++
		}
		if last == len(a.insts) || a.insts[last].op != opBranch {
			continue
		}
		if to, ok := a.target(last); ok && to == 0 {
			a.insts[i] = inst{op: opGrow, rm: keeps.rd, imm: a.insts[i].imm}
		}
	}
}

// reloads reports whether an instruction loads from above SP, and changes nothing else that a frame is found by.
func (a *analyzer) reloads(i int) bool {
	in := &a.insts[i]
	const frame = 1<<regFP | 1<<regLR | 1<<regSP
	return in.op == opLoad && in.rn == regSP && in.mode == modeOffset && in.writes()&frame == 0
}
