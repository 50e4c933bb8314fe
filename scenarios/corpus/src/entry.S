/* Exception vectors, the entries behind them, and the switch to the interrupt stack (arch/arm64/kernel/entry.S). */
#include "entry.h"

	.macro exception name, handler, record=meta
FUNC_START \name
	kernel_entry \record
	mov	x0, sp
	bl	\handler
	b	ret_to_kernel
FUNC_END \name
	.endm

	.text
/* An interrupt's handler runs on the interrupt stack, that of a synchronous exception on the interrupted one. The way
 * back leaves every register as it was, but for a PC that the handler has changed. */
exception el1h_64_irq, el1h_64_irq_handler
exception el1h_64_sync, el1h_64_sync_handler

/* The same as before 6.13, without metadata records: the record is an ordinary one of the interrupted X29 and PC. */
exception el1h_64_irq_plain, el1h_64_irq_handler, record=plain
exception el1h_64_sync_plain, el1h_64_sync_handler, record=plain

FUNC_START ret_to_kernel
	kernel_exit
FUNC_END ret_to_kernel

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

	.macro vector_table name, sync, irq
	.balign	2048
FUNC_START \name
	.rept	4
	ventry	unexpected_exception
	.endr
	ventry	\sync
	ventry	\irq
	.rept	10
	ventry	unexpected_exception
	.endr
FUNC_END \name
	.endm

vector_table vectors, el1h_64_sync, el1h_64_irq
vector_table vectors_plain, el1h_64_sync_plain, el1h_64_irq_plain

/* Not BRK, which would come back here. */
FUNC_START unexpected_exception
	udf	#2
FUNC_END unexpected_exception
