/* SPDX-License-Identifier: GPL-2.0-only */
/* strchr, strrchr and memchr. */
#include "leaf.h"

	/* In: x0 = string, w1 = character. Out: x0 = its first place, which may be the string's end, or 0. */
	.macro strchr_body
	mov	x2, #0x0101010101010101
	and	x1, x1, #0xff
	mul	x1, x1, x2
	ands	x3, x0, #7
	bic	x0, x0, #7
	ldr	x4, [x0], #8
	b.eq	.Lword\@
	/* Bytes before the string are neither zero nor the character. */
	lsl	x3, x3, #3
	mov	x5, #-1
	lsl	x5, x5, x3
	eor	x6, x4, x1
	orn	x6, x6, x5
	orn	x4, x4, x5
	b	.Ltest\@
.Lword\@:
	eor	x6, x4, x1
.Ltest\@:
	sub	x7, x4, x2
	bic	x7, x7, x4
	sub	x8, x6, x2
	bic	x8, x8, x6
	orr	x9, x7, x8
	ands	x9, x9, #0x8080808080808080
	b.ne	.Lfound\@
	ldr	x4, [x0], #8
	b	.Lword\@
.Lfound\@:
	rev	x9, x9
	clz	x9, x9
	sub	x0, x0, #8
	add	x0, x0, x9, lsr #3
	ldrb	w3, [x0]
	cmp	w3, w1, uxtb
	csel	x0, x0, xzr, eq
	ret
	.endm

	/* In: x0 = string, w1 = character. Out: x0 = its last place, which may be the string's end, or 0.
	 * Here the highest match in a word counts, so the test must not be fooled by what lies below: a byte b is zero if
	 * neither b nor (b & 0x7f) + 0x7f has bit 7. x10, x11 are the last word with a match, and where its matches are. */
	.macro strrchr_body
	mov	x2, #0x7f7f7f7f7f7f7f7f
	mov	x3, #0x0101010101010101
	and	x1, x1, #0xff
	mul	x1, x1, x3
	mov	x11, #0
	ands	x3, x0, #7
	bic	x0, x0, #7
	ldr	x4, [x0], #8
	eor	x5, x4, x1
	b.eq	.Ltest\@
	lsl	x3, x3, #3
	mov	x6, #-1
	lsl	x6, x6, x3
	orn	x4, x4, x6
	orn	x5, x5, x6
.Ltest\@:
	and	x6, x4, x2
	add	x6, x6, x2
	orr	x6, x6, x4
	orr	x6, x6, x2
	and	x7, x5, x2
	add	x7, x7, x2
	orr	x7, x7, x5
	orr	x7, x7, x2
	mvn	x7, x7
	mvn	x6, x6
	cbnz	x6, .Lend\@
	cbz	x7, .Lnext\@
	mov	x10, x0
	mov	x11, x7
.Lnext\@:
	ldr	x4, [x0], #8
	eor	x5, x4, x1
	b	.Ltest\@
.Lend\@:
	/* Only matches up to the string's end count. */
	sub	x8, x6, #1
	eor	x8, x8, x6
	ands	x7, x7, x8
	csel	x10, x0, x10, ne
	csel	x11, x7, x11, ne
	cbz	x11, .Lnone\@
	clz	x11, x11
	sub	x0, x10, #1
	sub	x0, x0, x11, lsr #3
	ret
.Lnone\@:
	mov	x0, #0
	ret
	.endm

	/* In: x0 = memory, w1 = byte, x2 = size. Out: x0 = its first place, or 0. Bytes up to a word's start, pairs, bytes. */
	.macro memchr_body
	and	x1, x1, #0xff
	cbz	x2, .Lnone\@
.Lhead\@:
	tst	x0, #7
	b.eq	.Laligned\@
	ldrb	w3, [x0], #1
	cmp	w3, w1
	b.eq	.Lbyte\@
	subs	x2, x2, #1
	b.ne	.Lhead\@
.Lnone\@:
	mov	x0, #0
	ret
.Laligned\@:
	mov	x4, #0x0101010101010101
	mul	x5, x1, x4
.Lpair\@:
	subs	x3, x2, #16
	b.lo	.Ltail\@
	ldp	x6, x7, [x0]
	eor	x6, x6, x5
	eor	x7, x7, x5
	sub	x8, x6, x4
	bic	x8, x8, x6
	ands	x8, x8, #0x8080808080808080
	b.ne	.Lword\@
	sub	x8, x7, x4
	bic	x8, x8, x7
	ands	x8, x8, #0x8080808080808080
	b.ne	.Lsecond\@
	add	x0, x0, #16
	mov	x2, x3
	b	.Lpair\@
.Lsecond\@:
	add	x0, x0, #8
.Lword\@:
	rev	x8, x8
	clz	x8, x8
	add	x0, x0, x8, lsr #3
	ret
.Ltail\@:
	cbz	x2, .Lnone\@
	ldrb	w3, [x0], #1
	sub	x2, x2, #1
	cmp	w3, w1
	b.ne	.Ltail\@
.Lbyte\@:
	sub	x0, x0, #1
	ret
	.endm

	.text
LEAF_VARIANTS strchr
LEAF_VARIANTS strrchr
LEAF_VARIANTS memchr
