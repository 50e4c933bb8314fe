/* SPDX-License-Identifier: GPL-2.0-only */
/* Routines in which LR is not where they return to, some or all of the time. In: x0. Out: x0 + 1. */
#ifndef CORPUS_STALE_H
#define CORPUS_STALE_H

#include "leaf.h"

	/* The address is on the stack, without a frame record. From the call on, LR points after the call. */
	.macro after_call_body
	str	x30, [sp, #-16]!
	say	.cfi_def_cfa_offset 16
	say	.cfi_offset x30, -16
	bl	stale_leaf
	add	x0, x0, #1
	sub	x0, x0, #1
	ldr	x30, [sp], #16
	say	.cfi_def_cfa_offset 0
	say	.cfi_restore x30
	ret
	.endm

	/* LR is one more register to compute with. */
	.macro scratch_body
	frame_push 0
	mov	x30, #8
1:	add	x0, x0, x30
	sub	x0, x0, x30
	subs	x30, x30, #4
	b.ne	1b
	add	x0, x0, #1
	frame_pop 0
	ret
	.endm

	/* LR is where the call goes. */
	.macro adr_call_body
	frame_push 0
	adr	x30, stale_leaf
	blr	x30
	frame_pop 0
	ret
	.endm

	/* LR is the head of the routine's own loop; the address is in X9. */
	.macro adr_loop_body
	mov	x9, x30
	say	.cfi_register x30, x9
	mov	x10, #2
	adr	x30, 1f
1:	subs	x10, x10, #1
	b.eq	2f
	br	x30
2:	add	x0, x0, #1
	ret	x9
	.endm

	/* The address is in X9 while something is called, as before an outlined piece of a function. */
	.macro register_body
	mov	x9, x30
	say	.cfi_register x30, x9
	bl	stale_leaf
	mov	x30, x9
	say	.cfi_restore x30
	ret
	.endm

	/* On the way from a call to its target: what a linker puts where the distance is too long for a branch, and
	 * what a module's calls of the kernel go through. LR is the caller's all the time. */
	.macro veneer_body
	adrp	x16, 1f
	add	x16, x16, #:lo12:1f
	br	x16
1:	ldr	x17, 2f
	br	x17
	.balign	8
2:	.quad	stale_leaf
	.endm

#endif
