/* SPDX-License-Identifier: GPL-2.0-only */
/* Two tasks that run in turn. */

/* switch(prev, next): what is left of the scheduler. */
FUNC_ROWS stub_switch_task
	PUSH
	adrp	x2, stub_switch_to
	ldr	x2, [x2, #:lo12:stub_switch_to]
	blr	x2
	COUNT	stub_nr_switches
	POP
	ret
END_ROWS stub_switch_task

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
