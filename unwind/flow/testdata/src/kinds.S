// SPDX-License-Identifier: GPL-2.0-only
// Shapes that compilers, linkers and assembly writers make.
	.text
	.arch armv8.5-a
	.macro function name
	.balign 16
	.type \name, %function
\name:
	.endm
	.macro end name
	.size \name, . - \name
	.endm

function callee
	ret
end callee

// After the first RET there is an arm that nothing branches to, with the same frame and an epilogue of its own.
function arm_with_epilogue
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x19, [sp, #16]
	mov	x19, x0
	bl	callee
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
	mov	x0, x19
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
end arm_with_epilogue

// Go: the caller's X29 is kept right below SP, and callees leave it alone.
function go_framed
	str	x30, [sp, #-32]!
	stur	x29, [sp, #-8]
	sub	x29, sp, #8
	bl	callee
	ldp	x29, x30, [sp, #-8]
	add	sp, sp, #32
	ret
end go_framed

// gcc -mharden-sls=retbr
function hardened
	cbz	x0, 1f
	ret
	dsb	sy
	isb
1:	mov	x0, #1
	ret
	sb
end hardened

// What lies below SP is lost by a call.
function lost_below_sp
	stp	x29, x30, [sp, #-16]
	bl	callee
	ldp	x29, x30, [sp, #-16]
	ret
end lost_below_sp

function traced
	nop
	nop
	ret
end traced

function prologue_and_epilogue
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	callee
	nop
	nop
	ldp	x29, x30, [sp], #16
	ret
end prologue_and_epilogue

function x29_is_scratch
	mov	x9, x29
	mov	x29, #1
	mov	x0, x29
	ret
end x29_is_scratch
