// SPDX-License-Identifier: GPL-2.0-only
/* Overflows, and exceptions where some are masked. */
#include "exception.h"

typedef u64 shape(u64 n);

u64 start_descent(shape *descend);

u64 overflow_right;
u64 masked_sum;

/* Fills the stack twice: what the first overflow leaves behind must not change the second one. */
noinline void run_overflow(shape *descend)
{
	u64 first = start_descent(descend);

	overflow_right += first > 32 && first < 64; /* 16 KiB in frames of 256 bytes */
	overflow_right += start_descent(descend) == first;
}

/* Calls a function while exceptions are masked as daif says (DAIF's bits as they are in PSTATE). */
noinline void run_masked(u64 daif, shape *fn)
{
	write_daif(daif);
	masked_sum = fn(3);
	write_daif(0);
}
