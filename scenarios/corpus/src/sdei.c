// SPDX-License-Identifier: GPL-2.0-only
/* SDEI events (arch/arm64/kernel/sdei.c): the stacks that they bring, and what happens on them. */
#include "exception.h"

u64 sdei_stack_tops[2]; /* by priority */
struct sdei_event sdei_events[2] = { { .priority = SDEI_NORMAL }, { .priority = SDEI_CRITICAL } };

notrace noinline void sdei_handler(struct sdei_event *event) { count(&exception_counts.sdei); }
