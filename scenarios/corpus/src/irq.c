// SPDX-License-Identifier: GPL-2.0-only
/* What happens in an interrupt: enough for a walk to start in. */
#include "exception.h"

u64 irq_stack_top;
struct exception_counts exception_counts;

void call_on_irq_stack(struct pt_regs *regs, void (*func)(struct pt_regs *));

notrace noinline void handle_irq(struct pt_regs *regs) { count(&exception_counts.irq); }

notrace noinline void handle_fiq(struct pt_regs *regs) { count(&exception_counts.fiq); }

notrace noinline void handle_serror(struct pt_regs *regs) { count(&exception_counts.serror); }

/* Stacks are aligned to twice their size. */
#define THREAD_SIZE (16UL << 10)

static inline int on_thread_stack(void)
{
	return !(((u64)current->stack ^ (u64)__builtin_frame_address(0)) & ~(THREAD_SIZE - 1));
}

/* An interrupt of something that is on the interrupt stack already stays there. Only debug exceptions and SErrors may
 * interrupt the handler (DAIF_PROCCTX_NOIRQ). */
static inline void interrupt(struct pt_regs *regs, void (*handler)(struct pt_regs *))
{
	const u64 irq_and_fiq = 0xc0;

	write_daif(irq_and_fiq);
	if (on_thread_stack())
		call_on_irq_stack(regs, handler);
	else
		handler(regs);
}

notrace noinline void el1h_64_irq_handler(struct pt_regs *regs) { interrupt(regs, handle_irq); }

notrace noinline void el1h_64_fiq_handler(struct pt_regs *regs) { interrupt(regs, handle_fiq); }

/* An SError that is not fatal: what it says can be corrected, and the interrupted code goes on. */
notrace noinline void el1h_64_error_handler(struct pt_regs *regs) { handle_serror(regs); }
