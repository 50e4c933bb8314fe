/* SPDX-License-Identifier: GPL-2.0-only */
/* What libunwind is told of a point, and what it says. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <libunwind.h>
#include <stddef.h>
#include <stdint.h>

/* set_memory copies bytes to an address: they are a new area, or lie within one that is there. */
void set_memory(uint64_t addr, const void *data, size_t size);

/* set_table copies a table of n pairs of int32_t, sorted: where a function starts, where its FDE is, both as offsets from
 * the .eh_frame at an address. The last function ends at end. */
void set_table(uint64_t section, const void *pairs, size_t n, uint64_t end);

/* What follows returns an unw_error_t, negative, if it fails. There is one backtrace at a time. */

struct frame {
	uint64_t pc, sp, fp;
	int covered; /* there is call frame information for the instruction */
};

/* begin starts a backtrace at registers. */
int begin(const uint64_t x[31], uint64_t sp, uint64_t pc);

/* get stores the frame that the backtrace is at. */
int get(struct frame *);

/* step goes on to the caller, and returns 0 if there is none. */
int step(void);

#endif
