/* SPDX-License-Identifier: GPL-2.0-only */
/* What exceptions leave for those who look at them. */
#ifndef CORPUS_EXCEPTION_H
#define CORPUS_EXCEPTION_H

#include "types.h"

/* An SDEI event that the kernel has registered. Its handler saves the interrupted registers there
 * (struct sdei_registered_event in arch/arm64/kernel/sdei.c). */
struct sdei_event {
	struct pt_regs interrupted_regs;
	u64 priority; /* SDEI_NORMAL or SDEI_CRITICAL */
};
#define SDEI_NORMAL 0
#define SDEI_CRITICAL 1

/* Ends the run with an error: BRK, which the kernel's BUG() is, would only come back to the handler. */
static inline void bug(void)
{
	__asm__ volatile("udf #0");
	__builtin_unreachable();
}

#define DAIF_MASK 0x3c0UL /* where DAIF is in PSTATE */

static inline void write_daif(u64 daif)
{
	__asm__ volatile("msr daif, %0" ::"r"(daif) : "memory");
}

/* How many exceptions of each kind there were: what their handlers change, and nothing else does. */
struct exception_counts {
	u64 irq, fiq, serror, sdei, bad_stack;
};
extern struct exception_counts exception_counts;

static inline void count(u64 *n) { WRITE_ONCE(*n, READ_ONCE(*n) + 1); }

#endif
