/* What happens in an interrupt: enough for a walk to start in. */
#include "types.h"

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
