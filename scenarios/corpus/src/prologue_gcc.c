// SPDX-License-Identifier: GPL-2.0-only
/* The shapes that gcc gives a frame. */
#include "prologue.h"

#include <stdarg.h>

/* Nothing but the frame record. */
noinline u64 prologue_record(u64 n)
{
	return prologue_callee(PROLOGUE_RESULT(n));
}

/* All callee-saved registers. */
noinline u64 prologue_saved(u64 n)
{
	u64 a = prologue_callee(n + 1);
	u64 b = prologue_callee(a + 2);
	u64 c = prologue_callee(b + 3);
	u64 d = prologue_callee(c + 4);
	u64 e = prologue_callee(d + 5);
	u64 f = prologue_callee(e + 6);
	u64 g = prologue_callee(f + 7);
	u64 h = prologue_callee(g + 8);
	u64 i = prologue_callee(h + 9);

	prologue_callee(i);
	return a - b + c - d + e - f + g - h + i + 2 * n - 25 + 1;
}

/* Locals above the record and the saved registers. */
noinline u64 prologue_locals(u64 n)
{
	volatile u64 local[8];
	u64 i;

	for (i = 0; i < 8; i++)
		local[i] = prologue_callee(n);
	return local[0] + local[3] + local[7] + 1;
}

/* Too big for the offset of a store of a pair: SP is lowered first, and the record stored then. */
noinline u64 prologue_big(u64 n)
{
	volatile u64 local[128];

	local[0] = prologue_callee(n);
	local[127] = prologue_callee(n);
	return local[0] + local[127] + n + 1;
}

/* Too big for an immediate of SUB. */
noinline u64 prologue_huge(u64 n)
{
	volatile u64 local[600];

	local[0] = prologue_callee(n);
	local[599] = prologue_callee(n);
	return local[0] + local[599] + n + 1;
}

static noinline u64 prologue_many(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i, u64 j, u64 k)
{
	return prologue_callee(a + b - c + d - e + f - g + h - i + j + k);
}

/* Arguments for a callee below the record: SP is not X29 at the call. */
noinline u64 prologue_args(u64 n)
{
	u64 a = prologue_callee(n);

	return prologue_many(a, n, 0, n, n, n, n, n, n, n, 1);
}

static noinline u64 prologue_sum(int count, ...)
{
	va_list list;
	u64 total = 0;

	va_start(list, count);
	while (count--)
		total += prologue_callee(va_arg(list, u64));
	va_end(list);
	return total;
}

/* A variadic callee, which saves its argument registers above everything else. */
noinline u64 prologue_variadic(u64 n)
{
	return prologue_sum(11, n, n, n, 0UL, 1UL, 0UL, n, n, -n, -n, 0UL);
}

/* A leaf: room for locals, but no frame record. */
noinline u64 prologue_leaf(u64 n)
{
	volatile u64 local[3] = { n, n, n };

	return local[0] + local[1] + local[2] + 1;
}

/* Shrink-wrapped: the way on which nothing is called has no frame. */
noinline u64 prologue_shrink(u64 n)
{
	if (n & 1)
		return PROLOGUE_RESULT(n);
	return PROLOGUE_RESULT(prologue_callee(n));
}

/* Several ways out, and code after the first of them. */
noinline u64 prologue_exits(u64 n)
{
	u64 a = prologue_callee(n);

	switch (a & 3) {
	case 0:
		return PROLOGUE_RESULT(a);
	case 1:
		if (prologue_callee(a) == n)
			return a + 2 * n + 1;
		break;
	case 2:
		return prologue_callee(a + n) + prologue_callee(n + 1);
	}
	return prologue_callee(2 * a + 1) + n;
}

/* An array of variable length: SP moves in the body, and comes back by way of X29. */
noinline u64 prologue_vla(u64 n)
{
	volatile u64 local[n + 1];

	local[0] = prologue_callee(n);
	local[n] = prologue_callee(n);
	return local[0] + local[n] + n + 1;
}

/* A random offset between SP and the frame record, as the kernel's system call entry has it
 * (include/linux/randomize_kstack.h). */
noinline u64 prologue_offset(u64 n)
{
	volatile u8 *p = __builtin_alloca((n * 2654435761u >> 3) & 0x3ff);

	__asm__ volatile("" : : "r"(p) : "memory");
	return prologue_callee(PROLOGUE_RESULT(n));
}
