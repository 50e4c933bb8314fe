/* SPDX-License-Identifier: GPL-2.0-only */
/* strlen, a word at a time, and strnlen, two words at a time. */
#include "leaf.h"

	/* In: x0 = string. Out: x0 = length. Reads whole aligned words, so never across a page that the string isn't on.
	 * A zero byte is found by (w - 0x01…01) & ~w & 0x80…80; bytes before the string are made non-zero first. */
	.macro strlen_body
	mov	x4, #0x0101010101010101
	and	x1, x0, #7
	bic	x2, x0, #7
	lsl	x1, x1, #3
	ldr	x3, [x2], #8
	mov	x5, #-1
	lsl	x5, x5, x1
	orn	x3, x3, x5
1:	sub	x5, x3, x4
	bic	x5, x5, x3
	ands	x5, x5, #0x8080808080808080
	b.ne	2f
	ldr	x3, [x2], #8
	b	1b
2:	rev	x5, x5
	clz	x5, x5
	sub	x2, x2, #8
	sub	x0, x2, x0
	add	x0, x0, x5, lsr #3
	ret
	.endm

	/* In: x0 = string, x1 = limit. Out: x0 = length, at most the limit. Aligned pairs; x6 counts the bytes up to the
	 * limit from the start of the pair, and is as large as can be where that overflows. */
	.macro strnlen_body
	cbz	x1, .Llimit\@
	mov	x4, #0x0101010101010101
	and	x5, x0, #15
	bic	x2, x0, #15
	adds	x6, x1, x5
	csinv	x6, x6, xzr, cc
	ldp	x7, x8, [x2], #16
	lsl	x9, x5, #3
	mov	x10, #-1
	lsl	x10, x10, x9
	tbnz	x5, #3, .Lstart_in_second\@
	orn	x7, x7, x10
	b	.Lpair\@
.Lstart_in_second\@:
	mov	x7, #-1
	orn	x8, x8, x10
.Lpair\@:
	sub	x9, x7, x4
	bic	x9, x9, x7
	sub	x11, x8, x4
	bic	x11, x11, x8
	orr	x12, x9, x11
	tst	x12, #0x8080808080808080
	b.ne	.Lend\@
	subs	x6, x6, #16
	b.ls	.Llimit\@
	ldp	x7, x8, [x2], #16
	b	.Lpair\@
.Lend\@:
	sub	x2, x2, #16
	ands	x9, x9, #0x8080808080808080
	b.ne	.Lcount\@
	add	x2, x2, #8
	and	x9, x11, #0x8080808080808080
.Lcount\@:
	rev	x9, x9
	clz	x9, x9
	sub	x2, x2, x0
	add	x2, x2, x9, lsr #3
	cmp	x2, x1
	csel	x0, x2, x1, lo
	ret
.Llimit\@:
	mov	x0, x1
	ret
	.endm

	.text
LEAF_VARIANTS strlen
LEAF_VARIANTS strnlen
