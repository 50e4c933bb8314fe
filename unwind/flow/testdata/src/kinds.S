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

// Go 1.26: a larger stack is got before the frame is made, and X29 restored before X30. A call that doesn't return is
// followed by a NOP.
function go_grows
	ldr	x16, [x28, #16]
	cmp	sp, x16
	b.ls	2f
	str	x30, [sp, #-32]!
	stur	x29, [sp, #-8]
	sub	x29, sp, #8
	cbz	x0, 1f
	bl	callee
	ldur	x29, [sp, #-8]
	ldr	x30, [sp], #32
	ret
1:	bl	panics
	nop
2:	str	x0, [sp, #8]
	mov	x3, x30
	bl	morestack
	ldr	x0, [sp, #8]
	b	go_grows
end go_grows

// Go's large frames are written through a copy of SP.
function go_large
	sub	x20, sp, #512
	stp	x29, x30, [x20, #-8]
	mov	sp, x20
	sub	x29, sp, #8
	bl	callee
	ldp	x29, x30, [sp, #-8]
	add	sp, sp, #512
	ret
end go_large

// A leaf of Go's returns with what X29 is in Go, and not with that of its caller (golang.org/issue/63830).
function go_leaf
	str	x30, [sp, #-48]!
	stur	x29, [sp, #-8]
	sub	x29, sp, #8
	add	x29, sp, #40
	add	sp, sp, #48
	ret
end go_leaf

// Between the two loads of the epilogue an interrupt finds the caller neither by X29 nor by X30; nothing else loads X30.
function apart_too_far
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	callee
	ldr	x29, [sp]
	nop
	ldr	x30, [sp, #8]
	add	sp, sp, #16
	ret
end apart_too_far
	.globl panics, morestack
	.type panics, %function
	.type morestack, %function
