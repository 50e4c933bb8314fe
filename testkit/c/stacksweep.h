/* SPDX-License-Identifier: GPL-2.0-only */

/*
 * Judges an unwinder against test vectors that stacksweep has exported. The format of the files is in ../doc.go.
 *
 *	static int unwind(const struct ss_point *p, uint64_t *frames, size_t *n) { ...; return reliable; }
 *
 *	struct ss_report r;
 *	if (ss_judge("fgraph_return.vectors", unwind, &r))
 *		errx(2, "%s", ss_error());
 *	ss_print(stdout, &r);
 *	return r.count[SS_OMITTED] + r.count[SS_WRONG] > 0;
 */
#ifndef STACKSWEEP_H
#define STACKSWEEP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SS_MAX_FRAMES 1024

enum ss_mode { SS_SYNC, SS_BLOCKED, SS_IRQ, SS_NMI };

enum ss_verdict {
	SS_EXACT,	/* reliable, and equal to the truth */
	SS_REFUSED,	/* not reliable: allowed */
	SS_GHOST,	/* reliable; all true frames in order, and more */
	SS_OMITTED,	/* reliable, but a true frame is missing: unsound */
	SS_WRONG,	/* reliable, but frames are out of order or foreign: unsound */
	SS_VERDICTS
};

struct ss_stack {
	uint64_t low, high;	/* high is exclusive */
};

struct ss_memory;

/* A moment at which the stack is to be walked. */
struct ss_point {
	uint64_t step;
	enum ss_mode mode;
	uint64_t x[31], sp, pc;		/* the context to be walked */
	uint64_t task, pt_regs;		/* addresses of the task_struct, and of the pt_regs at the bottom of its stack */
	uint64_t start_pc, start_fp;	/* where the kernel's own unwinder would start */
	size_t nstacks;
	const struct ss_stack *stacks;	/* the first is the task's */
	const struct ss_memory *memory;
};

struct ss_report {
	size_t count[SS_VERDICTS];
	enum ss_mode first_mode[SS_VERDICTS];	/* of the first point with that verdict */
	uint64_t first_step[SS_VERDICTS];
};

/*
 * Fills in the walked context's PC and then, outwards, the return addresses of its callers; *n is SS_MAX_FRAMES on
 * entry, and their number on return. Returns whether they are claimed to be right and complete.
 */
typedef int ss_unwind(const struct ss_point *p, uint64_t *frames, size_t *n);

/* The little-endian word at addr. Returns 0, or -1 if it may not be read. */
int ss_word(const struct ss_memory *m, uint64_t addr, uint64_t *word);

/* Asks an unwinder about every point of a file. Returns 0, or -1 if the file can't be read: see ss_error. */
int ss_judge(const char *path, ss_unwind *unwind, struct ss_report *report);

/* Why the last ss_judge failed, in a line. */
const char *ss_error(void);

/* Prints the report in a line: how many points, how many answered, and the counts that aren't zero. */
void ss_print(FILE *out, const struct ss_report *report);

#endif
