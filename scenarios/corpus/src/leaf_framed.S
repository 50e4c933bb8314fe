/* SPDX-License-Identifier: GPL-2.0-only */
/* Crypto-style routines that push a frame and call a helper. In the form NAME_wrong they carry a leaf annotation
 * nevertheless, as routines of the kernel do in the posted SFrame series: after the push it says that the caller is
 * where X30 points and that X29 is the caller's, and neither is true any more. */
#include "leaf.h"

	.arch_extension crypto

	.text
/* In: v0 = block, x2 = round keys, x3 = rounds. Out: v0. Changes x9, x10 and v1 only. */
CFI_FUNC_START aes_encrypt_block
	mov	x9, x2
	sub	x10, x3, #1
1:	ld1	{v1.16b}, [x9], #16
	aese	v0.16b, v1.16b
	aesmc	v0.16b, v0.16b
	subs	x10, x10, #1
	b.ne	1b
	ldr	q1, [x9], #16
	aese	v0.16b, v1.16b
	ldr	q1, [x9]
	eor	v0.16b, v0.16b, v1.16b
	ret
CFI_FUNC_END aes_encrypt_block

/* v0 = v0 × v2 modulo x^128 + x^7 + x^2 + x + 1, bit n being the factor of x^n. Changes x9 and v3 to v7 only.
 * The product's upper half, v4, is folded into the lower, v3, a word at a time: x^128 is as much as 0x87. */
CFI_FUNC_START gf128_multiply
	pmull	v3.1q, v0.1d, v2.1d
	pmull2	v4.1q, v0.2d, v2.2d
	ext	v5.16b, v0.16b, v0.16b, #8
	pmull	v6.1q, v5.1d, v2.1d
	pmull2	v7.1q, v5.2d, v2.2d
	eor	v6.16b, v6.16b, v7.16b
	movi	v7.16b, #0
	ext	v5.16b, v7.16b, v6.16b, #8
	eor	v3.16b, v3.16b, v5.16b
	ext	v5.16b, v6.16b, v7.16b, #8
	eor	v4.16b, v4.16b, v5.16b
	mov	x9, #0x87
	dup	v5.2d, x9
	pmull2	v6.1q, v4.2d, v5.2d
	ext	v0.16b, v7.16b, v6.16b, #8
	eor	v3.16b, v3.16b, v0.16b
	ext	v0.16b, v6.16b, v7.16b, #8
	eor	v4.16b, v4.16b, v0.16b
	pmull	v6.1q, v4.1d, v5.1d
	eor	v0.16b, v3.16b, v6.16b
	ret
CFI_FUNC_END gf128_multiply

	/* In: x0 = to, x1 = from, x2 = round keys, x3 = rounds, x4 = blocks (not 0), x5 = counter block, big-endian.
	 * to = from ^ AES(counter), counter + 1, and so on. */
	.macro aes_ctr_body
	frame_push 3
	mov	x19, x0
	mov	x20, x1
	mov	x21, x4
	mov	x22, x5
	ldp	x23, x24, [x5]
	rev	x23, x23
	rev	x24, x24
.Lblock\@:
	rev	x6, x23
	rev	x7, x24
	fmov	d0, x6
	fmov	v0.d[1], x7
	adds	x24, x24, #1
	cinc	x23, x23, cs
	bl	aes_encrypt_block
	ld1	{v1.16b}, [x20], #16
	eor	v0.16b, v0.16b, v1.16b
	st1	{v0.16b}, [x19], #16
	subs	x21, x21, #1
	b.ne	.Lblock\@
	rev	x23, x23
	rev	x24, x24
	stp	x23, x24, [x22]
	frame_pop 3
	ret
	.endm

	/* In: x0 = to, x1 = from, x2 = round keys, x3 = rounds, x4 = blocks (not 0), x5 = tweak.
	 * to = AES(from ^ tweak) ^ tweak, and the tweak is doubled from block to block. It is kept in the frame, with the
	 * address where it goes in the end. */
	.macro aes_xts_body
	frame_push 0, 32
	ldr	q2, [x5]
	str	q2, [sp, #16]
	str	x5, [sp, #32]
.Lblock\@:
	ld1	{v0.16b}, [x1], #16
	eor	v0.16b, v0.16b, v2.16b
	bl	aes_encrypt_block
	ldr	q2, [sp, #16]
	eor	v0.16b, v0.16b, v2.16b
	st1	{v0.16b}, [x0], #16
	ldp	x6, x7, [sp, #16]
	mov	x8, #0x87
	and	x8, x8, x7, asr #63
	extr	x7, x7, x6, #63
	eor	x6, x8, x6, lsl #1
	stp	x6, x7, [sp, #16]
	ldr	q2, [sp, #16]
	subs	x4, x4, #1
	b.ne	.Lblock\@
	ldr	x5, [sp, #32]
	str	q2, [x5]
	frame_pop 0, 32
	ret
	.endm

	/* In: x0 = accumulator, x1 = blocks' bytes, x2 = hash key, x3 = blocks (not 0).
	 * accumulator = (accumulator ^ block) × key, for each block. GCM numbers the bits of a byte from the top. */
	.macro ghash_body
	frame_push 1
	mov	x19, x0
	mov	x20, x3
	ldr	q0, [x0]
	ldr	q2, [x2]
	rbit	v0.16b, v0.16b
	rbit	v2.16b, v2.16b
.Lblock\@:
	ld1	{v1.16b}, [x1], #16
	rbit	v1.16b, v1.16b
	eor	v0.16b, v0.16b, v1.16b
	bl	gf128_multiply
	subs	x20, x20, #1
	b.ne	.Lblock\@
	rbit	v0.16b, v0.16b
	str	q0, [x19]
	frame_pop 1
	ret
	.endm

FRAMED_VARIANTS aes_ctr
FRAMED_VARIANTS aes_xts
FRAMED_VARIANTS ghash
