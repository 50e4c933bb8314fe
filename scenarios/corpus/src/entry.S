/* Exception vectors and the way in and out of an exception taken at EL1 (arch/arm64/kernel/entry.S).
 *
 * kernel_entry saves all registers in a struct pt_regs below SP and makes its metadata frame record the top of the
 * chain, so that an unwinder knows where one context ends and the interrupted one begins. */
#include "asm.h"

	.macro kernel_entry record=meta
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #16 * 9]
	stp	x20, x21, [sp, #16 * 10]
	stp	x22, x23, [sp, #16 * 11]
	stp	x24, x25, [sp, #16 * 12]
	stp	x26, x27, [sp, #16 * 13]
	stp	x28, x29, [sp, #16 * 14]
	add	x21, sp, #PT_REGS_SIZE
	mrs	x22, elr_el1
	mrs	x23, spsr_el1
	stp	x30, x21, [sp, #S_LR]
	.ifc \record, meta
	stp	xzr, xzr, [sp, #S_STACKFRAME]
	mov	x0, #META_PT_REGS
	str	x0, [sp, #S_STACKFRAME_TYPE]
	.else
	stp	x29, x22, [sp, #S_STACKFRAME]
	.endif
	add	x29, sp, #S_STACKFRAME
	stp	x22, x23, [sp, #S_PC]
	.endm

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
	msr	daifset, #0xf
	ldp	x21, x22, [sp, #S_PC]
	msr	elr_el1, x21
	msr	spsr_el1, x22
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	ldr	x30, [sp, #S_LR]
	add	sp, sp, #PT_REGS_SIZE
	eret
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

	/* A slot makes room for pt_regs. Stacks are 16 KiB in 32 KiB-aligned places, so bit 14 of SP tells that it has
	 * left its stack; it is tested without a free register, in SP itself. */
	.macro ventry target
	.balign	128
	sub	sp, sp, #PT_REGS_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0
	tbnz	x0, #14, 9f
	sub	x0, sp, x0
	sub	sp, sp, x0
	b	\target
9:	udf	#1
	.endm

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
