// SPDX-License-Identifier: GPL-2.0-only
/* The memory that the leaf family works on. */
#include "leaf.h"

u64 leaf_right;

u8 leaf_text[PAGE_SIZE + 256] __attribute__((aligned(PAGE_SIZE))) = { [0 ... PAGE_SIZE + 255] = 'a' };

noinline int leaf_twins_equal(u64 from, u64 to)
{
	for (; from < to; from++)
		if (leaf_page[from] != leaf_twin[from])
			return 0;
	return 1;
}
