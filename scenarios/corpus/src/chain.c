// SPDX-License-Identifier: GPL-2.0-only
/* Call chains: ordinary C functions of the kinds that a compiler makes, every one of which may be traced. */
#include "types.h"

u64 chain_sink;

/* A leaf that keeps nothing on the stack. */
noinline u64 chain_leaf(u64 n)
{
	return n * 2654435761u ^ n >> 7;
}

/* A frame with locals that live in memory. */
noinline u64 chain_4(u64 n)
{
	volatile u64 local[6];
	u64 sum = 0;
	int i;

	for (i = 0; i < 6; i++)
		local[i] = n + i;
	for (i = 0; i < 6; i++)
		sum += chain_leaf(local[i]);
	return sum;
}

/* Callee-saved registers across several calls. */
noinline u64 chain_3(u64 n)
{
	u64 a = chain_4(n);
	u64 b = chain_leaf(n + 1);
	u64 c = chain_4(n + 2);

	return a + 3 * b + 5 * c + n;
}

/* A loop around a call. */
noinline u64 chain_2(u64 n)
{
	u64 sum = n;
	u64 i;

	for (i = 0; i < 2; i++)
		sum += chain_3(sum + i);
	return sum;
}

/* An early way out that needs no frame. */
noinline u64 chain_1(u64 n)
{
	if (n == 0)
		return 1;
	return chain_2(n) + 1;
}

noinline void run_chain(u64 n)
{
	u64 i;

	for (i = 0; i <= n; i++)
		chain_sink += chain_1(i);
}

/* Calls itself n times, with something to do before and after. */
noinline u64 recurse(u64 n)
{
	if (n == 0)
		return 1;
	return recurse(n - 1) * 3 + n;
}

noinline void run_recursion(u64 n)
{
	chain_sink += recurse(n);
}

noinline u64 tail_second(u64 n)
{
	return chain_leaf(n) + n;
}

/* Ends in a branch: its caller becomes tail_second's caller. */
__attribute__((optimize("optimize-sibling-calls"))) noinline u64 tail_first(u64 n)
{
	return tail_second(n + chain_leaf(n + 1));
}

noinline void run_tailcall(u64 n)
{
	u64 i;

	for (i = 0; i < n; i++)
		chain_sink += tail_first(i);
}
