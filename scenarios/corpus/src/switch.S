/* SPDX-License-Identifier: GPL-2.0-only */
/* cpu_switch_to(prev, next): callee-saved registers, SP and LR go to prev's cpu_context and come from next's. Follows
 * arch/arm64/kernel/entry.S; the register sequence is the kernel's. */
#include "asm.h"

	.text
FUNC_START cpu_switch_to
	add	x8, x0, #TASK_CPU_CONTEXT
	mov	x9, sp
	stp	x19, x20, [x8], #16
	stp	x21, x22, [x8], #16
	stp	x23, x24, [x8], #16
	stp	x25, x26, [x8], #16
	stp	x27, x28, [x8], #16
	stp	x29, x9, [x8], #16
	str	x30, [x8]
	add	x8, x1, #TASK_CPU_CONTEXT
	ldp	x19, x20, [x8], #16
	ldp	x21, x22, [x8], #16
	ldp	x23, x24, [x8], #16
	ldp	x25, x26, [x8], #16
	ldp	x27, x28, [x8], #16
	ldp	x29, x9, [x8], #16
	ldr	x30, [x8]
	mov	sp, x9
	msr	sp_el0, x1
	ret
FUNC_END cpu_switch_to
