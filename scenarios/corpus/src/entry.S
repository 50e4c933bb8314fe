/* SPDX-License-Identifier: GPL-2.0-only */
/* Exception vectors, the entry code they branch to, and the stacks that handlers run on (arch/arm64/kernel/entry.S). */
#include "entry.h"

	/* The two generations of an exception's entry. "plain" is that of before 6.13: its frame record is an ordinary one of
	 * the interrupted X29 and PC, not a metadata record. */
	.macro exception name
	exception_in \name, \name\()_handler, meta
	exception_in \name\()_plain, \name\()_handler, plain
	.endm

	.macro exception_in name, handler, record
FUNC_START \name
	kernel_entry \record
	mov	x0, sp
	bl	\handler
	b	ret_to_kernel
FUNC_END \name
	.endm

	/* The interrupted stack has no room for the registers: they go to the overflow stack. The kernel panics when it has
	 * printed the trace; here the handler may have found a way out, and SP comes back from the registers. "sync" is 1
	 * if the exception is the doing of the interrupted instruction. */
	.macro bad_stack name, record, sync
FUNC_START \name
	mrs	x0, tpidrro_el0
	sub	sp, sp, #PT_REGS_SIZE
	kernel_entry \record
	mrs	x0, tpidr_el0
	add	x0, x0, #PT_REGS_SIZE
	str	x0, [sp, #S_SP]
	mov	x0, sp
	mov	x1, #\sync
	bl	handle_bad_stack
	b	ret_from_bad_stack
FUNC_END \name
	.endm

	.text
/* The handler of an IRQ or FIQ moves on to the interrupt stack, that of a synchronous exception or an SError stays on
 * the interrupted one. The way back leaves every register as it was, but for a PC that the handler has changed. */
exception el1h_64_sync
exception el1h_64_irq
exception el1h_64_fiq
exception el1h_64_error

FUNC_START ret_to_kernel
	kernel_exit
FUNC_END ret_to_kernel

bad_stack bad_stack_sync, meta, 1
bad_stack bad_stack_async, meta, 0
bad_stack bad_stack_sync_plain, plain, 1
bad_stack bad_stack_async_plain, plain, 0

FUNC_START ret_from_bad_stack
	restore_return
	reg_pairs ldp
	ldp	x28, x29, [sp, #16 * 14]
	ldr	x30, [sp, #S_LR]
	msr	tpidrro_el0, x0
	ldr	x0, [sp, #S_SP]
	mov	sp, x0
	mrs	x0, tpidrro_el0
	eret
FUNC_END ret_from_bad_stack

/* call_on_irq_stack(regs, func): a frame record on the task's stack links the interrupt stack to it. */
FUNC_START call_on_irq_stack
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	adrp	x16, irq_stack_top
	ldr	x16, [x16, #:lo12:irq_stack_top]
	mov	sp, x16
	blr	x1
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret
FUNC_END call_on_irq_stack

	.macro vector_table name, suffix
	.balign	2048
FUNC_START \name
	.rept	4
	ventry	unexpected_exception, unexpected_exception
	.endr
	ventry	el1h_64_sync\suffix, bad_stack_sync\suffix
	ventry	el1h_64_irq\suffix, bad_stack_async\suffix
	ventry	el1h_64_fiq\suffix, bad_stack_async\suffix
	ventry	el1h_64_error\suffix, bad_stack_async\suffix
	.rept	8
	ventry	unexpected_exception, unexpected_exception
	.endr
FUNC_END \name
	.endm

vector_table vectors
vector_table vectors_plain, _plain

/* Not BRK, which would come back here. */
FUNC_START unexpected_exception
	udf	#2
FUNC_END unexpected_exception
