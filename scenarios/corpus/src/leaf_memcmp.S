/* SPDX-License-Identifier: GPL-2.0-only */
/* memcmp: pairs of words as they lie, and a last pair that reaches back into the one before. */
#include "leaf.h"

	/* In: x0, x1 = memory, x2 = size. Out: w0 = 1, 0 or -1. */
	.macro memcmp_body
	cmp	x2, #16
	b.lo	.Lshort\@
.Lpair\@:
	ldp	x3, x4, [x0], #16
	ldp	x5, x6, [x1], #16
	cmp	x3, x5
	b.ne	.Ldiffer\@
	cmp	x4, x6
	b.ne	.Lsecond\@
	sub	x2, x2, #16
	cmp	x2, #16
	b.hs	.Lpair\@
	cbz	x2, .Lequal\@
	sub	x2, x2, #16
	add	x0, x0, x2
	add	x1, x1, x2
	mov	x2, #16
	b	.Lpair\@
.Lshort\@:
	tbz	x2, #3, .Lless_than_8\@
	ldr	x3, [x0]
	ldr	x5, [x1]
	cmp	x3, x5
	b.ne	.Ldiffer\@
	sub	x2, x2, #8
	ldr	x3, [x0, x2]
	ldr	x5, [x1, x2]
	cmp	x3, x5
	b.ne	.Ldiffer\@
	mov	w0, #0
	ret
.Lless_than_8\@:
	tbz	x2, #2, .Lbyte\@
	ldr	w3, [x0]
	ldr	w5, [x1]
	cmp	w3, w5
	b.ne	.Ldiffer\@
	sub	x2, x2, #4
	ldr	w3, [x0, x2]
	ldr	w5, [x1, x2]
	cmp	w3, w5
	b.ne	.Ldiffer\@
	b	.Lequal\@
.Lbyte\@:
	cbz	x2, .Lequal\@
	ldrb	w3, [x0], #1
	ldrb	w5, [x1], #1
	sub	x2, x2, #1
	cmp	w3, w5
	b.eq	.Lbyte\@
	b	.Ldiffer\@
.Lsecond\@:
	mov	x3, x4
	mov	x5, x6
	/* The first byte in memory decides, so it must become the highest. */
.Ldiffer\@:
	rev	x3, x3
	rev	x5, x5
	cmp	x3, x5
	mov	w0, #1
	cneg	w0, w0, lo
	ret
.Lequal\@:
	mov	w0, #0
	ret
	.endm

	.text
LEAF_VARIANTS memcmp
