// SPDX-License-Identifier: GPL-2.0-only
/* Callers of what accesses user memory, some of which isn't there. */
#include "leaf.h"

u8 *user_memory;
u64 user_right; /* results that were right */

notrace noinline u64 sum_add(u64 sum, u64 n) { return sum + n; }

static noinline u64 plain_sum(const volatile u64 *p, u64 n)
{
	u64 sum = 0;

	for (; n; n--)
		sum += *p++;
	return sum;
}

static const struct {
	u16 words;
	u16 bytes; /* how many there are */
} sum_cases[] = { { 3, 24 }, { 2, 64 }, { 4, 16 }, { 5, 27 }, { 1, 7 }, { 3, 0 }, { 0, 0 } };

/* What can be read ends with the second page. */
noinline void run_sum(u64 (*sum_words)(const u64 *p, u64 n, u64 *sum))
{
	u64 i;

	for (i = 0; i < ARRAY_SIZE(sum_cases); i++) {
		u64 words = sum_cases[i].words, there = sum_cases[i].bytes / 8;
		const u64 *p = (const u64 *)(user_memory + 2 * PAGE_SIZE - sum_cases[i].bytes);
		u64 sum, left = sum_words(p, words, &sum);

		if (there > words)
			there = words;
		user_right += left == words - there && sum == plain_sum(p, there);
	}
}
