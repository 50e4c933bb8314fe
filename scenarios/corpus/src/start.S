/* SPDX-License-Identifier: GPL-2.0-only */
/* Where every scenario begins and ends: the bottom of a kernel thread's stack.
 *
 * In:  SP = the top of the stack, SP_EL0 = the task, x0 = the scenario's entry function, x1, x2 = its arguments,
 *      interrupts masked.
 * The FINAL frame record in the task's pt_regs is where a reliable walk must end (arch/arm64/kernel/stacktrace.c). */
#include "asm.h"

	.text
FUNC_START start
	sub	sp, sp, #PT_REGS_SIZE
	stp	xzr, xzr, [sp, #S_STACKFRAME]
	mov	x9, #META_FINAL
	str	x9, [sp, #S_STACKFRAME_TYPE]
	add	x29, sp, #S_STACKFRAME
	mov	x19, x0
	mov	x0, x1
	mov	x1, x2
	msr	daifclr, #0xf
	blr	x19
	msr	daifset, #0xf
	add	sp, sp, #PT_REGS_SIZE
	b	finish
FUNC_END start

/* The machine stops on arrival here. */
FUNC_START finish
	nop
	b	finish
FUNC_END finish
