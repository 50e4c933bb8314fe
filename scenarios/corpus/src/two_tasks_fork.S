/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a task begins that cpu_switch_to switches to for the first time. Follows arch/arm64/kernel/entry.S.
 *
 * In:  SP and X29 = the thread's pt_regs, and the FINAL record in it, x19 = its function, x20 = the argument */
#include "asm.h"

	.text
FUNC_START ret_from_fork
	bl	schedule_tail
	mov	x0, x20
	blr	x19
	b	finish
FUNC_END ret_from_fork
