/* SPDX-License-Identifier: GPL-2.0-only */
/* Checksums: the Internet checksum, and CRC-32 by the CPU's instructions. */
#include "leaf.h"

	/* In: x0 = memory, x1 = size. Out: w0 = the ones' complement sum of its 16-bit words, not inverted.
	 * Aligned words are added with the carry fed back. What isn't of the memory in the first and last word is made
	 * zero; memory that begins at an odd address has its bytes in the wrong halves, and so has the sum.
	 * x5 = the word read last and not yet added, x1 = how many bytes follow it (none: zero or less). */
	.macro csum_body
	cbz	x1, .Lempty\@
	and	x2, x0, #7
	bic	x0, x0, #7
	ldr	x5, [x0], #8
	lsl	x3, x2, #3
	lsr	x5, x5, x3
	lsl	x5, x5, x3
	mov	x6, #0
	add	x1, x1, x2
	sub	x1, x1, #8
.Lblock\@:
	cmp	x1, #32
	b.le	.Lword\@
	ldp	x7, x8, [x0], #16
	ldp	x9, x10, [x0], #16
	adds	x6, x6, x5
	adcs	x6, x6, x7
	adcs	x6, x6, x8
	adcs	x6, x6, x9
	adc	x6, x6, xzr
	mov	x5, x10
	sub	x1, x1, #32
	b	.Lblock\@
.Lword\@:
	cmp	x1, #0
	b.le	.Llast\@
	adds	x6, x6, x5
	adc	x6, x6, xzr
	ldr	x5, [x0], #8
	sub	x1, x1, #8
	b	.Lword\@
.Llast\@:
	neg	x1, x1
	lsl	x1, x1, #3
	lsl	x5, x5, x1
	lsr	x5, x5, x1
	adds	x6, x6, x5
	adc	x6, x6, xzr
	/* Both halves are added to each other; the carry of the lower sum is the upper one's end-around carry. */
	ror	x7, x6, #32
	add	x6, x6, x7
	lsr	x6, x6, #32
	ror	w7, w6, #16
	add	w6, w6, w7
	lsr	w0, w6, #16
	tbz	x2, #0, .Ldone\@
	rev16	w0, w0
.Ldone\@:
	ret
.Lempty\@:
	mov	w0, #0
	ret
	.endm

	.arch_extension crc
	/* In: w0 = CRC so far, x1 = memory, x2 = size. Out: w0 = CRC. No inversion at either end. */
	.macro crc32_body
.Lhead\@:
	cbz	x2, .Ldone\@
	tst	x1, #7
	b.eq	.Lblock\@
	ldrb	w3, [x1], #1
	crc32b	w0, w0, w3
	sub	x2, x2, #1
	b	.Lhead\@
.Lblock\@:
	subs	x2, x2, #32
	b.lo	.Ltail_16\@
	ldp	x3, x4, [x1], #16
	ldp	x5, x6, [x1], #16
	crc32x	w0, w0, x3
	crc32x	w0, w0, x4
	crc32x	w0, w0, x5
	crc32x	w0, w0, x6
	b	.Lblock\@
.Ltail_16\@:
	tbz	x2, #4, .Ltail_8\@
	ldp	x3, x4, [x1], #16
	crc32x	w0, w0, x3
	crc32x	w0, w0, x4
.Ltail_8\@:
	tbz	x2, #3, .Ltail_4\@
	ldr	x3, [x1], #8
	crc32x	w0, w0, x3
.Ltail_4\@:
	tbz	x2, #2, .Ltail_2\@
	ldr	w3, [x1], #4
	crc32w	w0, w0, w3
.Ltail_2\@:
	tbz	x2, #1, .Ltail_1\@
	ldrh	w3, [x1], #2
	crc32h	w0, w0, w3
.Ltail_1\@:
	tbz	x2, #0, .Ldone\@
	ldrb	w3, [x1]
	crc32b	w0, w0, w3
.Ldone\@:
	ret
	.endm

	.text
LEAF_VARIANTS csum
LEAF_VARIANTS crc32
