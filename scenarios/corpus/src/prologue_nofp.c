// SPDX-License-Identifier: GPL-2.0-only
/* Compiled without frame pointers, which the kernel never is: X29 stays some caller's record. */
#include "prologue.h"

static noinline u64 nofp_inner(u64 n)
{
	u64 a = prologue_callee(n);

	return a + prologue_callee(n) + 1;
}

noinline u64 prologue_nofp(u64 n)
{
	return nofp_inner(n) + n;
}
