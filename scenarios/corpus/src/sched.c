// SPDX-License-Identifier: GPL-2.0-only
/* As much of a scheduler as a stack trace can see: preemption counting, and a switch that saves the task's context
 * where the unwinder of a blocked task looks for it. */
#include "ftrace.h"

struct task_struct init_task;
u64 task_stack_top; /* below the stack's end if scenarios are shifted */
u64 nr_switches;

void cpu_switch_to(struct task_struct *prev, struct task_struct *next);

notrace noinline void schedule(void)
{
	struct task_struct *prev = current;

	nr_switches++;
	/* Nothing else is runnable, so the task follows itself; its context is saved and loaded all the same. */
	cpu_switch_to(prev, prev);
	barrier();
}

notrace noinline void preempt_schedule_notrace(void)
{
	struct task_struct *t = current;

	do {
		WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) + 1);
		WRITE_ONCE(t->preempt.need_resched, 1);
		schedule();
		WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) - 1);
	} while (!READ_ONCE(t->preempt_count));
}
