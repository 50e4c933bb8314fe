/* SPDX-License-Identifier: GPL-2.0-only */
/* Code that runs with exceptions masked, and walks that code of the kernel's begins. */

/* Calls x2 with x0 and x1, with all of DAIF masked. */
FUNC_ROWS stub_call_masked
	PUSH
	msr	daifset, #0xf
	blr	x2
	msr	daifclr, #0xf
	POP
	ret
END_ROWS stub_call_masked

/* int callback(u32 event, struct pt_regs *, void *): what the handler of an SDEI event does here. */
FUNC_ROWS stub_event
	mov	w0, wzr
	ret
END_ROWS stub_event

/* A function whose return is hooked calls x3 with x0 to x2; and its caller. */
FUNC_ROWS stub_hooked_walk_caller
	PUSH
	bl	stub_hooked_walk
	.globl	stub_hooked_walk_back
	.type	stub_hooked_walk_back, %notype
stub_hooked_walk_back:
	POP
	ret
END_ROWS stub_hooked_walk_caller

FUNC_ROWS stub_hooked_walk
	mov	x30, x20
	PUSH
	blr	x3
	POP
	ret
END_ROWS stub_hooked_walk

/* A tracer's callbacks that ask for a stack trace from the traced function's registers, as ftrace_partial_regs() has them:
 * callback(trace, ops, registers of ftrace_caller or return_to_handler). Of struct pt_regs x29 is at 232, x30 at 240, SP at
 * 248, PC at 256; in the tracer's registers the four are next to each other, the last of them at stub_regs_pc. */
	.macro WALK_FROM_REGISTERS
	adrp	x17, stub_regs_pc
	ldr	x17, [x17, #:lo12:stub_regs_pc]
	add	x17, x2, x17
	adrp	x3, stub_partial_regs
	add	x3, x3, #:lo12:stub_partial_regs
	ldp	x9, x10, [x17, #-24]
	stp	x9, x10, [x3, #232]
	ldp	x9, x10, [x17, #-8]
	stp	x9, x10, [x3, #248]
	adr	x0, stub_consume
	adrp	x1, stub_walk_frames
	add	x1, x1, #:lo12:stub_walk_frames
	add	x9, x1, #8
	str	x9, [x1]
	mrs	x2, sp_el0
	adrp	x16, stub_walker
	ldr	x16, [x16, #:lo12:stub_walker]
	blr	x16
	.endm

FUNC_ROWS stub_tracer_walks_entry
	PUSH
	WALK_FROM_REGISTERS
	mov	w0, #1
	POP
	ret
END_ROWS stub_tracer_walks_entry

FUNC_ROWS stub_tracer_walks_return
	PUSH
	WALK_FROM_REGISTERS
	COUNT	stub_nr_returns
	POP
	ret
END_ROWS stub_tracer_walks_return
