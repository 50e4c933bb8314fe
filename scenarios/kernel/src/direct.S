/* SPDX-License-Identifier: GPL-2.0-only */
/* What ftrace calls without a callback, and what lies between a module and its kernel. What a JIT makes is in no table, and
 * neither is a PLT: these have no rows. */

/* Calls stub_program, as what follows and precedes a program may: x19 = kept across it. */
	.macro RUN_PROGRAM
	adr	x16, stub_program
	blr	x16
	.endm

/* What is called directly at the entry of a traced function, in the shape of a BPF trampoline
 * (arch/arm64/net/bpf_jit_comp.c). x9 = where the function returns to, x30 = where it goes on after its entry.
 *
 *	sp+72  x9 	caller of the traced function
 *	sp+64  x29
 *	sp+56  x30	the traced function		<- x29
 *	sp+48  x29
 *	sp+32  x19, x20
 *	sp+0   x0 to x3, or the result */
	.macro DIRECT_ENTER
	hint	#38				// bti jc
	stp	x29, x9, [sp, #-16]!
	mov	x29, sp
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	sub	sp, sp, #48
	stp	x0, x1, [sp]
	stp	x2, x3, [sp, #16]
	stp	x19, x20, [sp, #32]
	.endm
	.macro DIRECT_LEAVE
	ldp	x19, x20, [sp, #32]
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ldp	x29, x9, [sp], #16
	.endm

/* A program runs, then the traced function. */
FUNC stub_direct_entry
	DIRECT_ENTER
	mov	x0, sp
	RUN_PROGRAM
	ldp	x0, x1, [sp]
	ldp	x2, x3, [sp, #16]
	DIRECT_LEAVE
	mov	x10, x30
	mov	x30, x9
	ret	x10
END stub_direct_entry

/* The traced function is called from here, then a program runs; it is returned from to the caller. */
FUNC stub_direct_exit
	DIRECT_ENTER
	ldp	x0, x1, [sp]
	ldr	x10, [sp, #56]
	adr	x30, 1f
	ret	x10
1:	str	x0, [sp]
	mov	x0, sp
	RUN_PROGRAM
	ldr	x0, [sp]
	DIRECT_LEAVE
	mov	x30, x9
	ret	x9
END stub_direct_exit

/* A program: a frame record, callee-saved registers below it, a stack of its own, one call. It signs its return address, as
 * what is compiled for a kernel that does. */
FUNC stub_program
	hint	#38
	mov	x9, x30
	nop
	hint	#25				// paciasp
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	stp	x19, x20, [sp, #-16]!
	stp	x21, x25, [sp, #-16]!
	mov	x25, sp
	sub	sp, sp, #16
	str	x0, [x25, #-8]
	adrp	x10, stub_program_calls
	ldr	x10, [x10, #:lo12:stub_program_calls]
	blr	x10
	COUNT	stub_nr_programs
	mov	x7, #0
	add	sp, sp, #16
	ldp	x21, x25, [sp], #16
	ldp	x19, x20, [sp], #16
	ldp	x29, x30, [sp], #16
	hint	#29				// autiasp
	mov	x0, x7
	ret
END stub_program

/* A function of a module that lies out of reach of its kernel: it can be traced, and calls gcd(x0, x1) through a PLT. Its
 * entry is patched with a BL of stub_plt_tracer. */
FUNC_ROWS stub_far_function
	nop
	nop
	PUSH
	bl	stub_plt_callee
	POP
	ret
END_ROWS stub_far_function

/* Entries of a module's PLT: ADRP, ADD and BR of X16, written with their targets. */
FUNC stub_plt_callee
	nop
	nop
	br	x16
END stub_plt_callee

FUNC stub_plt_tracer
	nop
	nop
	br	x16
END stub_plt_tracer

/* Callbacks of a tracer that keeps a word on the shadow stack from the entry of a function to its return, as fprobes do.
 * The return counts if it is still there. */
FUNC_ROWS stub_tracer_keep
	PUSH
	mov	w0, wzr
	mov	w1, #16
	adrp	x16, stub_reserve
	ldr	x16, [x16, #:lo12:stub_reserve]
	blr	x16
	mov	x1, #0x5eed
	str	x1, [x0, #8]
	mov	w0, #1
	POP
	ret
END_ROWS stub_tracer_keep

FUNC_ROWS stub_tracer_find
	PUSH 32
	mov	w0, wzr
	add	x1, sp, #16
	adrp	x16, stub_retrieve
	ldr	x16, [x16, #:lo12:stub_retrieve]
	blr	x16
	ldr	x1, [x0, #8]
	mov	x2, #0x5eed
	cmp	x1, x2
	b.ne	1f
	COUNT	stub_nr_returns
1:	POP 32
	ret
END_ROWS stub_tracer_find
