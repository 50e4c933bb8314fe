/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaf routines in the SIMD registers: XOR of buffers, as for RAID 5, and AES on independent blocks. */
#include "leaf.h"

	.arch_extension crypto

	/* In: x0 = to, x1 = from, x2 = size, a multiple of 16. to ^= from. */
	.macro xor_neon_body
	subs	x2, x2, #64
	b.lo	.Lrest\@
.Lblock\@:
	ld1	{v0.2d - v3.2d}, [x0]
	ld1	{v4.2d - v7.2d}, [x1], #64
	eor	v0.16b, v0.16b, v4.16b
	eor	v1.16b, v1.16b, v5.16b
	eor	v2.16b, v2.16b, v6.16b
	eor	v3.16b, v3.16b, v7.16b
	st1	{v0.2d - v3.2d}, [x0], #64
	subs	x2, x2, #64
	b.hs	.Lblock\@
.Lrest\@:
	adds	x2, x2, #64
	b.eq	.Ldone\@
.Lvector\@:
	ldr	q0, [x0]
	ldr	q4, [x1], #16
	eor	v0.16b, v0.16b, v4.16b
	str	q0, [x0], #16
	subs	x2, x2, #16
	b.ne	.Lvector\@
.Ldone\@:
	ret
	.endm

	/* In: x0 = to, x1 = from, x2 = round keys, x3 = rounds, x4 = blocks. Two blocks at a time, for one AES instruction
	 * waits for the one before. AESE adds the round key first, so the last key is left to be added at the end. */
	.macro aes_ecb_body
	cbz	x4, .Ldone\@
.Ltwo\@:
	subs	x4, x4, #2
	b.lo	.Lone\@
	ld1	{v0.16b, v1.16b}, [x1], #32
	mov	x5, x2
	sub	x6, x3, #1
.Lround_of_two\@:
	ld1	{v2.16b}, [x5], #16
	aese	v0.16b, v2.16b
	aesmc	v0.16b, v0.16b
	aese	v1.16b, v2.16b
	aesmc	v1.16b, v1.16b
	subs	x6, x6, #1
	b.ne	.Lround_of_two\@
	ld1	{v2.16b, v3.16b}, [x5]
	aese	v0.16b, v2.16b
	aese	v1.16b, v2.16b
	eor	v0.16b, v0.16b, v3.16b
	eor	v1.16b, v1.16b, v3.16b
	st1	{v0.16b, v1.16b}, [x0], #32
	b	.Ltwo\@
.Lone\@:
	tbz	x4, #0, .Ldone\@
	ld1	{v0.16b}, [x1]
	mov	x5, x2
	sub	x6, x3, #1
.Lround_of_one\@:
	ld1	{v2.16b}, [x5], #16
	aese	v0.16b, v2.16b
	aesmc	v0.16b, v0.16b
	subs	x6, x6, #1
	b.ne	.Lround_of_one\@
	ld1	{v2.16b, v3.16b}, [x5]
	aese	v0.16b, v2.16b
	eor	v0.16b, v0.16b, v3.16b
	st1	{v0.16b}, [x0]
.Ldone\@:
	ret
	.endm

	.text
LEAF_VARIANTS xor_neon
LEAF_VARIANTS aes_ecb
