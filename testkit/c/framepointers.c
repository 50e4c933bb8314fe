// SPDX-License-Identifier: GPL-2.0-only

/* The smallest unwinder: it follows frame records, and believes that a walk which ends at X29 = 0 is complete. */

#include "stacksweep.h"

static int unwind(const struct ss_point *p, uint64_t *frames, size_t *n)
{
	uint64_t fp = p->x[29], lr, next;
	size_t max = *n;

	*n = 0;
	frames[(*n)++] = p->pc;
	while (fp && *n < max) {
		if (ss_word(p->memory, fp, &next) || ss_word(p->memory, fp + 8, &lr) || (next && next <= fp))
			return 0;
		if (!next && !lr)
			return 1;
		frames[(*n)++] = lr;
		fp = next;
	}
	return !fp;
}

int main(int argc, char **argv)
{
	struct ss_report r;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	if (ss_judge(argv[1], unwind, &r)) {
		fprintf(stderr, "%s: %s\n", argv[1], ss_error());
		return 2;
	}
	ss_print(stdout, &r);
	return r.count[SS_OMITTED] + r.count[SS_WRONG] > 0;
}
