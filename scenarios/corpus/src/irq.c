/* What happens in an exception. In an interrupt: enough for a walk to start in. */
#include "kretprobe.h"

u64 irq_stack_top;
u64 irq_count;

void call_on_irq_stack(struct pt_regs *regs, void (*func)(struct pt_regs *));

static notrace noinline void handle_irq(struct pt_regs *regs)
{
	WRITE_ONCE(irq_count, READ_ONCE(irq_count) + 1);
}

notrace noinline void el1h_64_irq_handler(struct pt_regs *regs)
{
	call_on_irq_stack(regs, handle_irq);
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
