// SPDX-License-Identifier: GPL-2.0-only
/* Calls in tail position, compiled to branches: the function that made one is on the stack no more. */
#include "prologue.h"

static noinline u64 tail_last(u64 n)
{
	return prologue_callee(n) + 1;
}

static noinline u64 tail_middle(u64 n, u64 m)
{
	if (m == 0)
		return tail_last(n);
	return tail_last(prologue_callee(n) + m);
}

noinline u64 prologue_tail(u64 n)
{
	u64 a = prologue_callee(n);

	return tail_middle(a + n, prologue_callee(n));
}
