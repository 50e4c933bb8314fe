/* SPDX-License-Identifier: GPL-2.0-only */
/* Two tasks that run in turn. */

/* switch(prev, next): what is left of the scheduler. Interrupts are masked from before it takes the run queue's lock until
 * the next task gives it back (kernel/sched/core.c): none can arrive while SP and SP_EL0 are of two tasks. */
FUNC_ROWS stub_switch_task
	PUSH
	msr	daifset, #3
	adrp	x2, stub_switch_to
	ldr	x2, [x2, #:lo12:stub_switch_to]
	blr	x2
	msr	daifclr, #3
	COUNT	stub_nr_switches
	POP
	ret
END_ROWS stub_switch_task

/* schedule_tail(prev): the same for a task that has never run. */
FUNC_ROWS stub_schedule_tail
	msr	daifclr, #3
	ret
END_ROWS stub_schedule_tail

/* What the second task runs, int thread(void *previous): it gives the CPU back again and again. */
FUNC_ROWS stub_thread
	PUSH
	mov	x19, x0
1:	bl	stub_observe
	mrs	x0, sp_el0
	mov	x1, x19
	bl	stub_switch_task
	b	1b
END_ROWS stub_thread
