/* SPDX-License-Identifier: GPL-2.0-only */
/* The code around a kernel's: what calls its routines, stands in for a tracer, a scheduler, a consumer of frames. It is
 * position-independent and knows no layout: offsets come in registers. FUNC bodies are few instructions each, so that
 * nearly all that a sweep executes is the kernel's. */
	/* In front of a function there is room for the hash of its type, by which a kernel with kCFI checks whom it calls. */
	.macro FUNC name
	.globl	\name
	.type	\name, %function
	.balign	16
	.fill	4, 4, 0xd503201f
\name:
	.endm
	.macro END name
	.size	\name, . - \name
	.endm
	/* The same with unwind information. A kernel without a table of its own has no use for it. */
	.macro FUNC_ROWS name
	FUNC	\name
	.cfi_startproc
	.endm
	.macro END_ROWS name
	.cfi_endproc
	END	\name
	.endm
	/* A frame record, and how it goes. */
	.macro PUSH size=16
	stp	x29, x30, [sp, #-\size]!
	.cfi_def_cfa_offset \size
	.cfi_offset 29, -\size
	.cfi_offset 30, 8 - \size
	mov	x29, sp
	.endm
	.macro POP size=16
	ldp	x29, x30, [sp], #\size
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	.endm
	/* Adds one to a variable. */
	.macro COUNT name
	adrp	x0, \name
	ldr	x1, [x0, #:lo12:\name]
	add	x1, x1, #1
	str	x1, [x0, #:lo12:\name]
	.endm
	.macro VARIABLE name, words=1
	.globl	\name
	.type	\name, %object
	.size	\name, 8 * \words
\name:
	.fill	\words, 8, 0
	.endm

	.text

/* Where every run begins: the bottom of a kernel thread's stack.
 *
 * In:  SP = top of the stack, interrupts masked; x1 = size of struct pt_regs, x2 = offset of its frame record;
 *      x19 = table of calls, 64 bytes each: function, six arguments, room for the result; function 0 ends it;
 *      x20 = for the stubs below: the trampoline that a function returns to.
 * The FINAL record, {0, 0, type 1}, is also the plain record at which older kernels end a walk. */
FUNC stub_start
	sub	sp, sp, x1
	add	x29, sp, x2
	stp	xzr, xzr, [x29]
	mov	x3, #1
	str	x3, [x29, #16]
	msr	daifclr, #0xf
1:	ldr	x16, [x19]
	cbz	x16, 2f
	ldp	x0, x1, [x19, #8]
	ldp	x2, x3, [x19, #24]
	ldp	x4, x5, [x19, #40]
	blr	x16
	.globl	stub_start_back
	.type	stub_start_back, %notype
stub_start_back:
	str	x0, [x19, #56]
	add	x19, x19, #64
	b	1b
2:	msr	daifset, #0xf
	adrp	x1, stub_saved_registers
	add	x1, x1, #:lo12:stub_saved_registers
	mov	x0, sp
	stp	x0, x29, [x1]
	stp	x20, x21, [x1, #16]
	stp	x22, x23, [x1, #32]
	stp	x24, x25, [x1, #48]
	stp	x26, x27, [x1, #64]
	str	x28, [x1, #80]
	b	stub_finish
END stub_start

/* The machine stops on arrival here. */
FUNC stub_finish
	nop
	b	stub_finish
END stub_finish

/* A function with a frame record calls one that was traced. The eight result registers must survive the return. */
FUNC_ROWS stub_caller
	PUSH
	bl	stub_traced
	.globl	stub_caller_back
	.type	stub_caller_back, %notype
stub_caller_back:
	adrp	x9, stub_returned_registers
	add	x9, x9, #:lo12:stub_returned_registers
	stp	x0, x1, [x9]
	stp	x2, x3, [x9, #16]
	stp	x4, x5, [x9, #32]
	stp	x6, x7, [x9, #48]
	POP
	ret
END_ROWS stub_caller

/* What tracing leaves of a leaf function: its LR is the trampoline, its return address is on the shadow stack. */
FUNC_ROWS stub_traced
	mov	x30, x20
	mov	x0, #0x1000
	mov	x1, #0x1001
	mov	x2, #0x1002
	mov	x3, #0x1003
	mov	x4, #0x1004
	mov	x5, #0x1005
	mov	x6, #0x1006
	mov	x7, #0x1007
	ret
END_ROWS stub_traced

/* The same of a function that calls others: its own record holds the trampoline. */
FUNC_ROWS stub_outer_caller
	PUSH
	bl	stub_outer
	.globl	stub_outer_back
	.type	stub_outer_back, %notype
stub_outer_back:
	POP
	ret
END_ROWS stub_outer_caller

FUNC_ROWS stub_outer
	mov	x30, x20
	PUSH
	bl	stub_caller
	POP
	ret
END_ROWS stub_outer

/* Calls x2 with x0 and x1, from a function with a record. */
FUNC_ROWS stub_call_through
	PUSH
	blr	x2
	.globl	stub_through_back
	.type	stub_through_back, %notype
stub_through_back:
	POP
	ret
END_ROWS stub_call_through

/* The sign of what x3, a comparison, returns: -1, 0 or 1. */
FUNC_ROWS stub_compare
	PUSH
	blr	x3
	.globl	stub_compare_back
	.type	stub_compare_back, %notype
stub_compare_back:
	cmp	w0, #0
	cset	x0, gt
	csinv	x0, x0, xzr, ge
	POP
	ret
END_ROWS stub_compare

/* Calls itself x0 times, one call in the other, and returns how many those were. Its entry can be patched by ftrace: in front
 * of it is the room for a pointer to ftrace_ops. */
FUNC_ROWS stub_recurse
	nop
	nop
	PUSH
	cbz	x0, 1f
	sub	x0, x0, #1
	bl	stub_recurse
	add	x0, x0, #1
1:	POP
	ret
END_ROWS stub_recurse

/* A tracer's callbacks: the entry wants the return to be traced, or does not; the return calls something, as a tracer
 * that wants a stack trace does. */
FUNC_ROWS stub_tracer_entry
	mov	w0, #1
	ret
END_ROWS stub_tracer_entry

FUNC_ROWS stub_tracer_refusal
	mov	w0, #0
	ret
END_ROWS stub_tracer_refusal

FUNC_ROWS stub_tracer_return
	PUSH
	bl	stub_observe
	COUNT	stub_nr_returns
	POP
	ret
END_ROWS stub_tracer_return

/* A return callback that a timer tick interrupts, in effect: a reschedule is due from then on, which the upper half of
 * the preempt count says by being zero. */
FUNC_ROWS stub_tracer_tick
	PUSH
	mrs	x0, sp_el0
	adrp	x1, stub_preempt_offset
	ldr	x1, [x1, #:lo12:stub_preempt_offset]
	add	x0, x0, x1
	str	wzr, [x0, #4]
	COUNT	stub_nr_returns
	POP
	ret
END_ROWS stub_tracer_tick

FUNC_ROWS stub_tracer_nothing
	ret
END_ROWS stub_tracer_nothing

/* A function that was hooked, and sleeps; and its caller. */
FUNC_ROWS stub_sleeper_caller
	PUSH
	bl	stub_sleeper
	.globl	stub_sleeper_back
	.type	stub_sleeper_back, %notype
stub_sleeper_back:
	POP
	ret
END_ROWS stub_sleeper_caller

FUNC_ROWS stub_sleeper
	mov	x30, x20
	PUSH
	bl	stub_scheduler
	POP
	ret
END_ROWS stub_sleeper

/* An ftrace_ops function that does what live patching's and the graph tracer's do together at one function: the tracer, in
 * stub_callee, hooks the return; the call goes on in stub_new_function. x3 = registers of ftrace_caller. */
FUNC_ROWS stub_redirect
	PUSH 32
	str	x3, [sp, #16]
	adrp	x16, stub_callee
	ldr	x16, [x16, #:lo12:stub_callee]
	blr	x16
	ldr	x3, [sp, #16]
	adrp	x17, stub_regs_pc
	ldr	x17, [x17, #:lo12:stub_regs_pc]
	adr	x16, stub_new_function
	str	x16, [x3, x17]
	POP 32
	ret
END_ROWS stub_redirect

/* What a live patch puts in the place of a function: it sleeps. A probe's BRK takes the place of the first instruction. */
FUNC_ROWS stub_new_function
	nop
	PUSH
	bl	stub_scheduler
	mov	x0, #0x600d
	POP
	ret
END_ROWS stub_new_function

/* simulate(u32 opcode, long addr, struct pt_regs *regs): the effect of a probed NOP, as the kernel simulates it. */
FUNC_ROWS stub_simulate_nop
	adrp	x17, stub_pt_regs_pc
	ldr	x17, [x17, #:lo12:stub_pt_regs_pc]
	ldr	x16, [x2, x17]
	add	x16, x16, #4
	str	x16, [x2, x17]
	ret
END_ROWS stub_simulate_nop

/* A return callback that calls a function which may be traced itself, with 12 and 18. */
FUNC_ROWS stub_tracer_nested
	PUSH
	adrp	x16, stub_callee
	ldr	x16, [x16, #:lo12:stub_callee]
	mov	x0, #12
	mov	x1, #18
	blr	x16
	COUNT	stub_nr_returns
	POP
	ret
END_ROWS stub_tracer_nested

FUNC_ROWS stub_observe
	nop
	ret
END_ROWS stub_observe

/* In place of __schedule(): nothing else is runnable, so the task follows itself; its context is saved and loaded by the
 * kernel's own cpu_switch_to. No reschedule is due any more. */
FUNC_ROWS stub_scheduler
	PUSH
	mrs	x0, sp_el0
	adrp	x1, stub_preempt_offset
	ldr	x1, [x1, #:lo12:stub_preempt_offset]
	ldr	x2, [x0, x1]
	orr	x2, x2, #0x100000000
	str	x2, [x0, x1]
	adrp	x2, stub_switch_to
	ldr	x2, [x2, #:lo12:stub_switch_to]
	mov	x1, x0
	blr	x2
	COUNT	stub_nr_switches
	POP
	ret
END_ROWS stub_scheduler

/* bool consume(u64 **next, unsigned long pc): notes a frame. */
FUNC_ROWS stub_consume
	ldr	x2, [x0]
	str	x1, [x2], #8
	str	x2, [x0]
	mov	w0, #1
	ret
END_ROWS stub_consume

/* What an interrupt's handler does here: nothing. */
FUNC_ROWS stub_irq_handler
	ret
END_ROWS stub_irq_handler

/* Or it calls a function, which may be traced, with 12 and 18. */
FUNC_ROWS stub_irq_calling
	PUSH
	adrp	x16, stub_irq_callee
	ldr	x16, [x16, #:lo12:stub_irq_callee]
	mov	x0, #12
	mov	x1, #18
	blr	x16
	POP
	ret
END_ROWS stub_irq_calling

/* Calls what the place for its result holds, [x19, #56], with x0 to x5. All other registers that a function may change are
 * zero: what the last call has left in them must not be taken for more arguments. */
FUNC_ROWS stub_call_clean
	PUSH
	ldr	x16, [x19, #56]
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17	// x18 may point to a shadow call stack
	mov	x\n, xzr
	.endr
	blr	x16
	.globl	stub_clean_back
	.type	stub_clean_back, %notype
stub_clean_back:
	POP
	ret
END_ROWS stub_call_clean

/* stub_tracer_return as a probe's handler, which returns something, and is of another type. */
FUNC_ROWS stub_tracer_probe
	PUSH
	bl	stub_observe
	COUNT	stub_nr_returns
	mov	w0, #0
	POP
	ret
END_ROWS stub_tracer_probe

#include "direct.S"
#include "probe.S"
#include "masked.S"
#include "tasks.S"

	.data
	.balign	4096
VARIABLE stub_saved_registers, 11	/* SP, x29 and x20 to x28 at the end */
VARIABLE stub_returned_registers, 8	/* x0 to x7 as stub_traced's caller got them */
VARIABLE stub_nr_returns		/* how often a tracer's or a probe's return handler was called */
VARIABLE stub_nr_switches		/* how often stub_scheduler switched */
VARIABLE stub_preempt_offset	/* of the preempt count in struct task_struct */
VARIABLE stub_switch_to		/* cpu_switch_to */
VARIABLE stub_callee		/* what stub_redirect and stub_tracer_nested call */
VARIABLE stub_irq_callee	/* what stub_irq_handler calls; 0: nothing */
VARIABLE stub_regs_pc		/* of pc in ftrace_caller's registers */
VARIABLE stub_pt_regs_pc	/* of pc in struct pt_regs */
VARIABLE stub_program_calls	/* what stub_program calls */
VARIABLE stub_nr_programs	/* how often it ran */
VARIABLE stub_reserve		/* fgraph_reserve_data, and */
VARIABLE stub_retrieve		/* fgraph_retrieve_data */
VARIABLE stub_probed_calls	/* what stub_probed calls */
VARIABLE stub_handler_calls	/* what stub_pre_handler calls */
VARIABLE stub_nr_hits		/* how often that was called */
VARIABLE stub_walker		/* arch_stack_walk */
VARIABLE stub_walk_frames, 16	/* the frames that it has reported: a pointer to the next, then the frames */
VARIABLE stub_partial_regs, 42	/* struct pt_regs, of which only some is filled */
