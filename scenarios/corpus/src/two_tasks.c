// SPDX-License-Identifier: GPL-2.0-only
/* Two tasks that give each other the CPU: the second one begins in ret_from_fork, when it gets it for the first time. */
#include "exception.h"

struct task_struct second_task;
u64 second_task_rounds;
extern u64 nr_switches;

void cpu_switch_to(struct task_struct *prev, struct task_struct *next);
void observe(u64 *counter);

/* All is masked while registers are of one task and SP_EL0 of another: IRQ and FIQ by the scheduler, until the next task
 * gives its lock back; SError and debug exceptions by cpu_switch_to itself. Only an SDEI event can arrive. */
notrace noinline void switch_tasks(struct task_struct *prev, struct task_struct *next)
{
	write_daif(0x3c0);
	nr_switches++;
	cpu_switch_to(prev, next);
	barrier();
	write_daif(0);
}

/* What a task that has never run does first (kernel/sched/core.c). */
notrace noinline void schedule_tail(void) { write_daif(0); }

noinline void run_tasks(u64 n)
{
	u64 i;

	for (i = 0; i < n; i++)
		switch_tasks(current, &second_task);
}

/* What the second task runs, on and on. */
noinline void second_thread(struct task_struct *first)
{
	for (;;) {
		observe(&second_task_rounds);
		switch_tasks(current, first);
	}
}
