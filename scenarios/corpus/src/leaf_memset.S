/* SPDX-License-Identifier: GPL-2.0-only */
/* memset, with whole blocks zeroed by DC ZVA. */
#include "leaf.h"

	/* In: x0 = memory, w1 = byte, x2 = size. Out: x0 unchanged. x3 = next byte, x4 = end. */
	.macro memset_body
	and	w1, w1, #0xff
	orr	w1, w1, w1, lsl #8
	orr	w1, w1, w1, lsl #16
	orr	x1, x1, x1, lsl #32
	mov	x3, x0
	add	x4, x0, x2
	cmp	x2, #16
	b.hs	.Llong\@
	tbz	x2, #3, .Lset_4\@
	str	x1, [x3], #8
.Lset_4\@:
	tbz	x2, #2, .Lset_2\@
	str	w1, [x3], #4
.Lset_2\@:
	tbz	x2, #1, .Lset_1\@
	strh	w1, [x3], #2
.Lset_1\@:
	tbz	x2, #0, .Ldone\@
	strb	w1, [x3]
.Ldone\@:
	ret
	/* A first pair as the memory lies, then aligned ones. */
.Llong\@:
	stp	x1, x1, [x0]
	bic	x3, x0, #15
	add	x3, x3, #16
	cbnz	x1, .Lpairs\@
	/* Zero: DC ZVA, if the CPU permits it (DCZID_EL0.DZP clear) and there is room for a block on its boundary. */
	mrs	x5, dczid_el0
	tbnz	x5, #4, .Lpairs\@
	and	x5, x5, #15
	mov	x6, #4
	lsl	x6, x6, x5
	cmp	x2, x6, lsl #1
	b.lo	.Lpairs\@
	sub	x7, x6, #1
.Lalign\@:
	tst	x3, x7
	b.eq	.Lblock\@
	stp	x1, x1, [x3], #16
	b	.Lalign\@
.Lblock\@:
	sub	x5, x4, x3
	cmp	x5, x6
	b.lo	.Lpairs\@
	dc	zva, x3
	add	x3, x3, x6
	b	.Lblock\@
.Lpairs\@:
	sub	x5, x4, x3
.Lpair\@:
	subs	x5, x5, #16
	b.ls	.Llast\@
	stp	x1, x1, [x3], #16
	b	.Lpair\@
.Llast\@:
	stp	x1, x1, [x4, #-16]
	ret
	.endm

	.text
LEAF_VARIANTS memset
