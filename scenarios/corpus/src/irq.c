/* What happens in an exception. In an interrupt: enough for a walk to start in. */
#include "kretprobe.h"

u64 irq_stack_top;
u64 irq_count;

void call_on_irq_stack(struct pt_regs *regs, void (*func)(struct pt_regs *));

notrace noinline void handle_irq(struct pt_regs *regs)
{
	WRITE_ONCE(irq_count, READ_ONCE(irq_count) + 1);
}

/* Stacks are aligned to twice their size. */
#define THREAD_SIZE (16UL << 10)

static inline int on_thread_stack(void)
{
	return !(((u64)current->stack ^ (u64)__builtin_frame_address(0)) & ~(THREAD_SIZE - 1));
}

/* An interrupt of something that is on the interrupt stack already stays there. */
notrace noinline void el1h_64_irq_handler(struct pt_regs *regs)
{
	if (on_thread_stack())
		call_on_irq_stack(regs, handle_irq);
	else
		handle_irq(regs);
}

/* A synchronous exception stays on the interrupted stack. The only one that code raises on purpose is BRK. */
notrace noinline void el1h_64_sync_handler(struct pt_regs *regs)
{
	const u64 class_brk = 0x3c;
	u64 esr;

	__asm__ volatile("mrs %0, esr_el1" : "=r"(esr));
	if (esr >> 26 != class_brk)
		bug();
	brk_handler(regs, esr & 0xffff);
}
