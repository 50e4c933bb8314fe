/* SPDX-License-Identifier: GPL-2.0-only */
/* The way into and out of an SDEI event (arch/arm64/kernel/entry.S, Arm DEN0054).
 *
 * Firmware calls the handler whatever the kernel is doing: no mask keeps an event out, and SP may be anywhere. Firmware
 * keeps X0 to X17, PC and PSTATE, and puts them back when it is told that the event is complete. All else is for the
 * handler to preserve, ELR and SPSR included, and it has to bring its own stack.
 *
 * The record that links that stack to the interrupted code is an ordinary one: nothing tells an unwinder that the PC in
 * it is no return address. */
#include "asm.h"

#define SDEI_EVENT_COMPLETE 0xc4000025

	.text
/* In: x0 = the event's number, x1 = its struct sdei_event, x2 = the interrupted PC, x3 = PSTATE. */
FUNC_START sdei_asm_handler
	stp	x2, x3, [x1, #S_PC]
	reg_pairs stp, base=x1, from=4
	stp	x28, x29, [x1, #16 * 14]
	mov	x4, sp
	stp	x30, x4, [x1, #S_LR]
	/* A critical event may arrive during a normal one. */
	ldr	x4, [x1, #SDEI_PRIORITY]
	adrp	x5, sdei_stack_tops
	add	x5, x5, #:lo12:sdei_stack_tops
	ldr	x5, [x5, x4, lsl #3]
	mov	sp, x5
	/* SP_EL0 is only the task's while the kernel runs. */
	mrs	x6, sp_el0
	adrp	x7, init_task
	add	x7, x7, #:lo12:init_task
	msr	sp_el0, x7
	/* Only the kernel's own code has a caller that is worth looking for. */
	and	x3, x3, #0xc
	mrs	x4, currentel
	cmp	x3, x4
	csel	x29, x29, xzr, eq
	csel	x2, x2, xzr, eq
	stp	x29, x2, [sp, #-16]!
	mov	x29, sp
	stp	x1, x6, [sp, #-16]!
	mov	x0, x1
	bl	sdei_handler
	ldp	x1, x6, [sp]
	msr	sp_el0, x6
	reg_pairs ldp, base=x1, from=18
	ldp	x28, x29, [x1, #16 * 14]
	ldp	x30, x4, [x1, #S_LR]
	mov	sp, x4
	mov	x0, #(SDEI_EVENT_COMPLETE & 0xffff)
	movk	x0, #(SDEI_EVENT_COMPLETE >> 16), lsl #16
	smc	#0
	udf	#3
FUNC_END sdei_asm_handler
