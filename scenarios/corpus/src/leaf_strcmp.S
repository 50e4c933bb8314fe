/* SPDX-License-Identifier: GPL-2.0-only */
/* strcmp and strncmp: words where both strings lie alike in theirs. Both return the difference of the first bytes that
 * differ. */
#include "leaf.h"

	/* In: x6 = a word with a bit set in each byte that decides, x4, x5 = the words compared. Out: w0. The lowest
	 * such byte is the first in memory. */
	.macro difference
	rev	x6, x6
	clz	x6, x6
	and	x6, x6, #0x38
	lsr	x4, x4, x6
	lsr	x5, x5, x6
	and	w4, w4, #0xff
	sub	w0, w4, w5, uxtb
	.endm

	/* In: x0, x1 = strings. Where they lie differently in their words, x0 is read in aligned words and x1 in unaligned
	 * ones, but byte by byte while such a word would reach into the next page, which need not be there. */
	.macro strcmp_body
	mov	x2, #0x0101010101010101
	eor	x3, x0, x1
	tst	x3, #7
	b.ne	.Lskewed\@
	ands	x3, x0, #7
	b.eq	.Lword\@
	bic	x0, x0, #7
	bic	x1, x1, #7
	ldr	x4, [x0], #8
	ldr	x5, [x1], #8
	lsl	x3, x3, #3
	mov	x6, #-1
	lsl	x6, x6, x3
	orn	x4, x4, x6
	orn	x5, x5, x6
	b	.Lcompare\@
.Lword\@:
	ldr	x4, [x0], #8
	ldr	x5, [x1], #8
.Lcompare\@:
	sub	x6, x4, x2
	bic	x6, x6, x4
	and	x6, x6, #0x8080808080808080
	eor	x7, x4, x5
	orr	x6, x6, x7
	cbz	x6, .Lword\@
.Ldecide\@:
	difference
	ret

.Lskewed\@:
	tst	x0, #7
	b.eq	.Lskewed_word\@
.Lbyte\@:
	ldrb	w4, [x0], #1
	ldrb	w5, [x1], #1
	subs	w3, w4, w5
	ccmp	w4, #0, #4, eq
	b.eq	.Lbyte_decides\@
	tst	x0, #7
	b.ne	.Lbyte\@
.Lskewed_word\@:
	and	x3, x1, #0xfff
	cmp	x3, #0xff8
	b.hi	.Lbyte\@
	ldr	x4, [x0], #8
	ldr	x5, [x1], #8
	sub	x6, x4, x2
	bic	x6, x6, x4
	and	x6, x6, #0x8080808080808080
	eor	x7, x4, x5
	orr	x6, x6, x7
	cbz	x6, .Lskewed_word\@
	b	.Ldecide\@
.Lbyte_decides\@:
	mov	w0, w3
	ret
	.endm

	/* In: x0, x1 = strings, x2 = limit. Strings that lie differently in their words are compared byte by byte. No
	 * string is 2^62 bytes long, so a greater limit is brought down to where it can be counted with a sign. */
	.macro strncmp_body
	cbz	x2, .Lequal\@
	eor	x3, x0, x1
	tst	x3, #7
	b.ne	.Lbyte\@
	mov	x8, #0x3fffffffffffffff
	cmp	x2, x8
	csel	x2, x2, x8, lo
	mov	x8, #0x0101010101010101
	ands	x3, x0, #7
	b.eq	.Lword\@
	bic	x0, x0, #7
	bic	x1, x1, #7
	add	x2, x2, x3
	ldr	x4, [x0], #8
	ldr	x5, [x1], #8
	lsl	x3, x3, #3
	mov	x6, #-1
	lsl	x6, x6, x3
	orn	x4, x4, x6
	orn	x5, x5, x6
	b	.Lcompare\@
.Lword\@:
	ldr	x4, [x0], #8
	ldr	x5, [x1], #8
.Lcompare\@:
	sub	x6, x4, x8
	bic	x6, x6, x4
	and	x6, x6, #0x8080808080808080
	eor	x7, x4, x5
	orr	x6, x6, x7
	subs	x2, x2, #8
	ccmp	x6, #0, #0, hi
	b.eq	.Lword\@
	cbz	x6, .Lequal\@
	/* x2 is the limit's distance from the end of the word: what differs beyond it doesn't count. */
	rev	x7, x6
	clz	x7, x7
	lsr	x7, x7, #3
	sub	x7, x7, #8
	cmp	x7, x2
	b.ge	.Lequal\@
	difference
	ret
.Lbyte\@:
	ldrb	w4, [x0], #1
	ldrb	w5, [x1], #1
	subs	x2, x2, #1
	ccmp	w4, w5, #0, ne
	ccmp	w4, #0, #4, eq
	b.ne	.Lbyte\@
	sub	w0, w4, w5
	ret
.Lequal\@:
	mov	w0, #0
	ret
	.endm

	.text
LEAF_VARIANTS strcmp
LEAF_VARIANTS strncmp
