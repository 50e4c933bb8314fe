/* SPDX-License-Identifier: GPL-2.0-only */
/* memcpy and memmove. */
#include "leaf.h"

	/* In: x0 = to, x1 = from, x2 = size. Out: x0 unchanged.
	 * Up to 64 bytes: all is loaded from both ends, which may overlap, before anything is stored. More: a first pair,
	 * then blocks of 64 to an aligned address, then the last 64 bytes, whatever of them is there already. */
	.macro memcpy_body
	add	x3, x1, x2
	add	x4, x0, x2
	cmp	x2, #16
	b.hi	.Lmedium\@
	cmp	x2, #8
	b.lo	.Lless_than_8\@
	ldr	x6, [x1]
	ldr	x7, [x3, #-8]
	str	x6, [x0]
	str	x7, [x4, #-8]
	ret
.Lless_than_8\@:
	tbz	x2, #2, .Lless_than_4\@
	ldr	w6, [x1]
	ldr	w7, [x3, #-4]
	str	w6, [x0]
	str	w7, [x4, #-4]
	ret
.Lless_than_4\@:
	cbz	x2, .Ldone\@
	lsr	x5, x2, #1
	ldrb	w6, [x1]
	ldrb	w7, [x1, x5]
	ldrb	w8, [x3, #-1]
	strb	w6, [x0]
	strb	w7, [x0, x5]
	strb	w8, [x4, #-1]
.Ldone\@:
	ret
.Lmedium\@:
	cmp	x2, #64
	b.hi	.Llong\@
	ldp	x6, x7, [x1]
	ldp	x8, x9, [x3, #-16]
	cmp	x2, #32
	b.ls	.Lends\@
	ldp	x10, x11, [x1, #16]
	ldp	x12, x13, [x3, #-32]
	stp	x10, x11, [x0, #16]
	stp	x12, x13, [x4, #-32]
.Lends\@:
	stp	x6, x7, [x0]
	stp	x8, x9, [x4, #-16]
	ret
.Llong\@:
	ldp	x6, x7, [x1]
	stp	x6, x7, [x0]
	bic	x5, x0, #15
	add	x5, x5, #16
	sub	x14, x5, x0
	add	x1, x1, x14
	sub	x2, x2, x14
	subs	x2, x2, #64
	b.ls	.Llast\@
.Lblock\@:
	ldp	x6, x7, [x1]
	ldp	x8, x9, [x1, #16]
	ldp	x10, x11, [x1, #32]
	ldp	x12, x13, [x1, #48]
	add	x1, x1, #64
	stp	x6, x7, [x5]
	stp	x8, x9, [x5, #16]
	stp	x10, x11, [x5, #32]
	stp	x12, x13, [x5, #48]
	add	x5, x5, #64
	subs	x2, x2, #64
	b.hi	.Lblock\@
.Llast\@:
	ldp	x6, x7, [x3, #-64]
	ldp	x8, x9, [x3, #-48]
	ldp	x10, x11, [x3, #-32]
	ldp	x12, x13, [x3, #-16]
	stp	x6, x7, [x4, #-64]
	stp	x8, x9, [x4, #-48]
	stp	x10, x11, [x4, #-32]
	stp	x12, x13, [x4, #-16]
	ret
	.endm

	/* In: x0 = to, x1 = from, x2 = size. Out: x0 unchanged. Upwards, unless the destination begins inside the source;
	 * every load is done before a store can reach it. The bits of the size say what is left after blocks of 32. */
	.macro memmove_body
	mov	x3, x0
	sub	x4, x0, x1
	cmp	x4, x2
	b.lo	.Ldown\@
.Lup\@:
	subs	x2, x2, #32
	b.lo	.Lup_16\@
	ldp	x6, x7, [x1], #16
	ldp	x8, x9, [x1], #16
	stp	x6, x7, [x3], #16
	stp	x8, x9, [x3], #16
	b	.Lup\@
.Lup_16\@:
	tbz	x2, #4, .Lup_8\@
	ldp	x6, x7, [x1], #16
	stp	x6, x7, [x3], #16
.Lup_8\@:
	tbz	x2, #3, .Lup_4\@
	ldr	x6, [x1], #8
	str	x6, [x3], #8
.Lup_4\@:
	tbz	x2, #2, .Lup_2\@
	ldr	w6, [x1], #4
	str	w6, [x3], #4
.Lup_2\@:
	tbz	x2, #1, .Lup_1\@
	ldrh	w6, [x1], #2
	strh	w6, [x3], #2
.Lup_1\@:
	tbz	x2, #0, .Ldone\@
	ldrb	w6, [x1]
	strb	w6, [x3]
.Ldone\@:
	ret
.Ldown\@:
	add	x1, x1, x2
	add	x3, x3, x2
.Ldown_block\@:
	subs	x2, x2, #32
	b.lo	.Ldown_16\@
	ldp	x6, x7, [x1, #-16]!
	ldp	x8, x9, [x1, #-16]!
	stp	x6, x7, [x3, #-16]!
	stp	x8, x9, [x3, #-16]!
	b	.Ldown_block\@
.Ldown_16\@:
	tbz	x2, #4, .Ldown_8\@
	ldp	x6, x7, [x1, #-16]!
	stp	x6, x7, [x3, #-16]!
.Ldown_8\@:
	tbz	x2, #3, .Ldown_4\@
	ldr	x6, [x1, #-8]!
	str	x6, [x3, #-8]!
.Ldown_4\@:
	tbz	x2, #2, .Ldown_2\@
	ldr	w6, [x1, #-4]!
	str	w6, [x3, #-4]!
.Ldown_2\@:
	tbz	x2, #1, .Ldown_1\@
	ldrh	w6, [x1, #-2]!
	strh	w6, [x3, #-2]!
.Ldown_1\@:
	tbz	x2, #0, .Ldone\@
	ldrb	w6, [x1, #-1]
	strb	w6, [x3, #-1]
	ret
	.endm

	.text
LEAF_VARIANTS memcpy
LEAF_VARIANTS memmove
