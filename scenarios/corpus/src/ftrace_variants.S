/* SPDX-License-Identifier: GPL-2.0-only */
/* Other designs of return_to_handler. Each is meant to leave the caller recoverable at every instruction.
 *
 * All rely on this: where a function returns to the trampoline, X30 still holds the trampoline's own address, so that
 * "the return address is in X30" is true, and means: ask the shadow stack. */
#include "asm.h"

	.macro save_result
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	.endm

	.macro restore_result
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	.endm

	/* A frame record of the trampoline's own, {caller's record, trampoline}: an unwinder that comes by asks the shadow
	 * stack, as it does for a traced function's record. Below it, the registers for the C handler. */
	.macro push_record
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	.cfi_def_cfa_register x29
	sub	sp, sp, #FREGS_SIZE
	save_result
	ldr	x9, [x29]
	str	x9, [sp, #FREGS_FP]
	mov	x0, sp
	.endm

	.macro pop_record
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore x29
	.cfi_restore x30
	.endm

	.text

/* As x86 does since 6.19: a record of its own, but the C handler pops as ever. From the pop until X30 holds the address
 * again, the record asks for an entry that is gone. */
CFI_FUNC_START return_to_handler_record
	push_record
	bl	ftrace_return_to_handler
	mov	x9, x0
	restore_result
	pop_record
	mov	x30, x9
	ret
CFI_FUNC_END return_to_handler_record

/* Restored into the record, then popped with one store: up to the first store the shadow stack has the address, from
 * then on the record has it, and the second store pops what is no longer needed. */
CFI_FUNC_START return_to_handler_slot
	push_record
	bl	ftrace_peek_return
	str	x0, [x29, #8]
	mrs	x9, sp_el0
	str	w1, [x9, #TASK_CURR_RET_STACK]
	restore_result
	pop_record
	ret
CFI_FUNC_END return_to_handler_slot

/* Peek, restore, pop, with the pop in C: the call is made while the record holds the true address, so that an
 * interrupt in it finds an ordinary chain. */
CFI_FUNC_START return_to_handler_two_calls
	push_record
	bl	ftrace_peek_return
	str	x0, [x29, #8]
	mov	x0, x1
	bl	ftrace_pop_return
	restore_result
	pop_record
	ret
CFI_FUNC_END return_to_handler_two_calls

/* No record: X29 stays the caller's, as in mainline. X30 is restored first, then one store pops. The address is on the
 * shadow stack until it is in X30; an unwinder has to know that inside this routine it must look there. */
CFI_FUNC_START return_to_handler_lr
	sub	sp, sp, #FREGS_SIZE
	.cfi_adjust_cfa_offset FREGS_SIZE
	save_result
	str	x29, [sp, #FREGS_FP]
	mov	x0, sp
	bl	ftrace_peek_return
	mov	x30, x0
	mrs	x9, sp_el0
	str	w1, [x9, #TASK_CURR_RET_STACK]
	restore_result
	add	sp, sp, #FREGS_SIZE
	.cfi_adjust_cfa_offset -FREGS_SIZE
	ret
CFI_FUNC_END return_to_handler_lr
