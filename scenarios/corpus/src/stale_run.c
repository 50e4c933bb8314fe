// SPDX-License-Identifier: GPL-2.0-only
/* Calls a routine of the stale family. */
#include "types.h"

u64 stale_right;

noinline void run_stale(u64 (*routine)(u64))
{
	u64 n;

	for (n = 0; n < 3; n++)
		stale_right += routine(n) == n + 1;
}
