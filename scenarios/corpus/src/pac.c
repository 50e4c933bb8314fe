// SPDX-License-Identifier: GPL-2.0-only
/* Functions whose return address is signed (-mbranch-protection=pac-ret), in frames of several shapes. The kernel is
 * compiled in the first way; the others are what a compiler may do as well. Each is a shape of the prologue family. */
#include "prologue.h"

#define signed_with(protection) __attribute__((target("branch-protection=" protection)))

void schedule(void);

static noinline signed_with("pac-ret") u64 pac_inner(u64 n)
{
	return prologue_callee(n) + 1;
}

/* Two of them on the stack, with a saved register. */
noinline signed_with("pac-ret") u64 pac_ret(u64 n)
{
	return pac_inner(n) + 2 * n;
}

/* A leaf, which keeps its return address in LR, signed there. */
noinline signed_with("pac-ret+leaf") u64 pac_leaf(u64 n)
{
	return PROLOGUE_RESULT(n);
}

/* With the other key. */
noinline signed_with("pac-ret+b-key") u64 pac_bkey(u64 n)
{
	return prologue_callee(n) + 2 * n + 1;
}

/* RETAA: authentication and return are one instruction. */
noinline __attribute__((target("arch=armv8.3-a,branch-protection=pac-ret"))) u64 pac_retaa(u64 n)
{
	return prologue_callee(n) + 2 * n + 1;
}

/* A landing pad comes before the signature. */
noinline signed_with("standard") u64 pac_bti(u64 n)
{
	return prologue_callee(n) + 2 * n + 1;
}

/* SP moves between the signature and the store of the record. */
noinline signed_with("pac-ret") u64 pac_big(u64 n)
{
	volatile u64 local[128];

	local[0] = prologue_callee(n);
	local[127] = prologue_callee(n);
	return local[0] + local[127] + n + 1;
}

/* One way through keeps no frame, and does not sign. */
noinline signed_with("pac-ret") u64 pac_shrink(u64 n)
{
	if (n & 1)
		return PROLOGUE_RESULT(n);
	return PROLOGUE_RESULT(prologue_callee(n));
}

/* The task is switched out. */
noinline signed_with("pac-ret") u64 pac_blocked(u64 n)
{
	schedule();
	return PROLOGUE_RESULT(n);
}

noinline void run_pac_traced(void)
{
	static shape *const all[] = { pac_ret, pac_leaf, pac_bkey, pac_retaa, pac_big, pac_shrink };
	u64 i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		run_prologue(all[i]);
}
