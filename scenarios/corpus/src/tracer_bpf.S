/* SPDX-License-Identifier: GPL-2.0-only */
/* A trampoline and a program in the shape that the BPF JIT gives them (arch/arm64/net/bpf_jit_comp.c). What a JIT makes is in
 * no table: neither has unwind information. */
#include "asm.h"

	.text

/* Called directly at the entry of a traced function, it calls that function itself, then a program, and returns in the
 * function's place. x9 = where the function returns to, x30 = where it goes on after its entry.
 *
 *	sp+72  x9 	the traced function's caller
 *	sp+64  x29
 *	sp+56  x30	the traced function		<- x29
 *	sp+48  x29
 *	sp+32  x19, x20
 *	sp+16  x0, x1
 *	sp+0   the result */
FUNC_START bpf_trampoline
	hint	#38				// bti jc
	stp	x29, x9, [sp, #-16]!
	mov	x29, sp
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	sub	sp, sp, #48
	stp	x0, x1, [sp, #16]
	stp	x19, x20, [sp, #32]
	ldr	x10, [sp, #56]
	adr	x30, 1f
	ret	x10
1:	str	x0, [sp]
	mov	x0, sp
	adrp	x16, bpf_program
	add	x16, x16, #:lo12:bpf_program
	blr	x16
	ldr	x0, [sp]
	ldp	x19, x20, [sp, #32]
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ldp	x29, x9, [sp], #16
	mov	x30, x9
	ret	x9
FUNC_END bpf_trampoline

/* A program that calls one function: the frame record is pushed first, the callee-saved registers below it, x25 is the
 * program's frame pointer. */
FUNC_START bpf_program
	hint	#38
	mov	x9, x30
	nop
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	stp	x19, x20, [sp, #-16]!
	stp	x21, x25, [sp, #-16]!
	mov	x25, sp
	sub	sp, sp, #16
	str	x0, [x25, #-8]
	adrp	x0, direct_programs
	add	x0, x0, #:lo12:direct_programs
	adrp	x10, observe
	add	x10, x10, #:lo12:observe
	blr	x10
	mov	x7, #0
	add	sp, sp, #16
	ldp	x21, x25, [sp], #16
	ldp	x19, x20, [sp], #16
	ldp	x29, x30, [sp], #16
	mov	x0, x7
	ret
FUNC_END bpf_program
