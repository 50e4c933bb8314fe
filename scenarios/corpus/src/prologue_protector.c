// SPDX-License-Identifier: GPL-2.0-only
/* Frames with something below their record: the word of the stack protector, with which this file is compiled, and arguments for
 * a callee where the CFA is X29's. */
#include "prologue.h"

static noinline u64 protector_fill(volatile u8 *p, u64 n)
{
	p[n & 15] = n;
	return prologue_callee(n);
}

/* An array: a word that is checked before the return lies between it and the record. */
noinline u64 prologue_protector(u64 n)
{
	volatile u8 local[16];

	return PROLOGUE_RESULT(protector_fill(local, n));
}

static noinline u64 protector_many(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i, u64 j, u64 k, u64 l)
{
	return prologue_callee(a + b - c + d - e + f - g + h - i + j + k + l);
}

/* A function that knows its own frame has its CFA by X29; with arguments for a callee on the stack, too, the epilogue gives
 * X29 back before it raises SP, and the compiler's rows still say X29 in between. */
noinline u64 prologue_frame_args(u64 n)
{
	u64 a = prologue_callee(n);
	void *volatile frame = __builtin_frame_address(0);

	return protector_many(a, n, 0, n, n, n, n, n, n, n, 0, 1 + (frame == 0));
}
