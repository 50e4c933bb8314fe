/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that no BL makes, returns that no RET makes, and what else changes a call stack. Each program is a function that is
 * called; the truth is looked at where its label NAME_here is. The callers that are expected there are in transfers_test.go. */
	.macro FUNC name
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
	.endm
	.macro END name
	.size	\name, . - \name
	.endm
	.macro ENTER
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	.endm
	.macro LEAVE
	ldp	x29, x30, [sp], #16
	ret
	.endm
	.text

FUNC ret_other
	ENTER
	bl	ret_other_callee
	nop
	LEAVE
END ret_other
FUNC ret_other_callee
	mov	x16, x30
	mov	x30, xzr
ret_other_here:
	nop
	ret	x16
END ret_other_callee

FUNC br_return
	ENTER
	bl	br_return_callee
br_return_here:
	nop
	LEAVE
END br_return
FUNC br_return_callee
	nop
	br	x30
END br_return_callee

FUNC adr_br
	ENTER
	adr	x30, 1f
	adr	x16, adr_br_callee
	br	x16
1:	nop
	LEAVE
END adr_br
FUNC adr_br_callee
adr_br_here:
	nop
	br	x30
END adr_br_callee

FUNC adr_b
	ENTER
	adr	x30, 1f
	cbnz	x29, 2f
	nop
2:	b	adr_b_callee
1:	nop
	LEAVE
END adr_b
FUNC adr_b_callee
adr_b_here:
	nop
	ret
END adr_b_callee

FUNC twice
	ENTER
	mov	x19, #2
3:	adr	x9, 1f
	mov	x30, x9
	b	twice_callee
1:	subs	x19, x19, #1
	b.ne	3b
	LEAVE
END twice
FUNC twice_callee
	ENTER
	bl	twice_leaf
	LEAVE
END twice_callee
FUNC twice_leaf
twice_here:
	nop
	ret
END twice_leaf

/* The traced function calls a trampoline from its entry, which calls the traced function's body, and returns for it. */
FUNC trampoline
	ENTER
	bl	traced
	nop
	LEAVE
END trampoline
FUNC traced
	mov	x9, x30
	bl	call_original
	ENTER
trampoline_here:
	nop
	LEAVE
END traced
FUNC call_original
	stp	x29, x9, [sp, #-16]!
	mov	x29, sp
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	mov	x10, x30
	adr	x30, 1f
	ret	x10
1:	nop
	ldp	x29, x30, [sp], #16
	ldp	x29, x9, [sp], #16
	mov	x30, x9
	ret	x9
END call_original

/* A tracer sends the call to another function. */
FUNC redirect
	ENTER
	bl	redirected
	nop
	LEAVE
END redirect
FUNC redirected
	mov	x9, x30
	bl	redirector
	brk	#0
END redirected
FUNC redirector
	stp	x29, x9, [sp, #-32]!
	mov	x29, sp
	str	x30, [sp, #16]
	bl	ret_other_callee
	ldp	x29, x9, [sp], #32
	mov	x30, x9
	adr	x10, redirect_target
	ret	x10
END redirector
FUNC redirect_target
	ENTER
redirect_here:
	nop
	LEAVE
END redirect_target

FUNC jump_back
	ENTER
	sub	sp, sp, #32
	mov	x9, sp
	stp	x29, x9, [sp]
	adr	x10, 1f
	str	x10, [sp, #16]
	mov	x0, sp
	bl	jump_deeper
	brk	#0
1:
jump_back_here:
	nop
	add	sp, sp, #32
	LEAVE
END jump_back
FUNC jump_deeper
	ENTER
	bl	jump_out
	brk	#0
END jump_deeper
FUNC jump_out
	ENTER
	ldr	x30, [x0, #16]
	ldp	x29, x9, [x0]
	mov	sp, x9
	ret
END jump_out

/* A RET that is nothing but a jump within the function. */
FUNC ret_jump
	ENTER
	mov	x19, #2
	bl	ret_other_callee
1:	subs	x19, x19, #1
	b.eq	ret_jump_here
	adr	x9, 1b
	ret	x9
ret_jump_here:
	nop
	LEAVE
END ret_jump

/* What can't be known: X30 was loaded, and both the call and the return are branches. */
FUNC lost
	ENTER
	adr	x9, 1f
	str	x9, [sp, #-16]!
	ldr	x30, [sp], #16
	b	lost_callee
1:	nop
	LEAVE
END lost
FUNC lost_callee
	nop
lost_here:
	br	x30
END lost_callee

/* And where it returns by RET. */
FUNC lost_ret
	ENTER
	adr	x9, 1f
	str	x9, [sp, #-16]!
	ldr	x30, [sp], #16
	b	lost_ret_callee
1:	nop
	LEAVE
END lost_ret
FUNC lost_ret_callee
	nop
lost_ret_here:
	ret
END lost_ret_callee
