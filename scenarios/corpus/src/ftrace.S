/* SPDX-License-Identifier: GPL-2.0-only */
/* The function graph tracer's assembly: a traced function calls ftrace_caller from its patched entry and returns to
 * return_to_handler. Both follow arch/arm64/kernel/entry-ftrace.S; the register sequence of return_to_handler is the
 * kernel's. */
#include "asm.h"

	.text

/* A traced function begins with "mov x9, x30; bl ftrace_caller": x9 is where the function returns to, x30 is inside
 * the function. Two frame records make both visible while C code runs; before the first one is stored, and after
 * x29 has been restored, the caller is in x9 alone. */
	.macro entry_trampoline name, func, direct=0
FUNC_START \name
	mov	x10, sp
	sub	sp, sp, #FREGS_SIZE + 32
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, xzr, [sp, #64]
	stp	x29, x9, [sp, #FREGS_FP]
	stp	x10, x30, [sp, #FREGS_SP]
	stp	x29, x9, [sp, #FREGS_SIZE + 16]
	add	x29, sp, #FREGS_SIZE + 16
	stp	x29, x30, [sp, #FREGS_SIZE]
	add	x29, sp, #FREGS_SIZE
	sub	x0, x30, #4
	mov	x1, x9
	mov	x2, sp
	bl	\func
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldr	x8, [sp, #64]
	.if	\direct
	ldr	x17, [sp, #FREGS_DIRECT_TRAMP]
	ldp	x29, x9, [sp, #FREGS_FP]
	ldr	x30, [sp, #FREGS_PC]
	add	sp, sp, #FREGS_SIZE + 32
	br	x17
	.else
	ldp	x29, x30, [sp, #FREGS_FP]
	ldr	x9, [sp, #FREGS_PC]
	add	sp, sp, #FREGS_SIZE + 32
	ret	x9
	.endif
FUNC_END \name
	.endm

entry_trampoline ftrace_caller, ftrace_graph_func
/* The same where live patching changes the PC. */
entry_trampoline ftrace_caller_livepatch, ftrace_livepatch_func
/* The same where a trampoline is called directly once the callbacks have run: x17 = the trampoline, x9 = where the
 * function returns to, which may be return_to_handler by now, x30 = the function after its patched entry. */
entry_trampoline ftrace_caller_direct, ftrace_direct_func, direct=1

/* An entry of a module's PLT (arch/arm64/kernel/module-plts.c), by which a traced function of a module reaches
 * ftrace_caller where a branch doesn't. */
FUNC_START ftrace_caller_plt
	adrp	x16, ftrace_caller
	add	x16, x16, #:lo12:ftrace_caller
	br	x16
FUNC_END ftrace_caller_plt

	.macro return_trampoline name, handler
FUNC_START \name
	sub	sp, sp, #FREGS_SIZE
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	str	x29, [sp, #FREGS_FP]
	mov	x0, sp
	bl	\handler
	mov	x30, x0
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	add	sp, sp, #FREGS_SIZE
	ret
FUNC_END \name
	.endm

/* As in mainline: no frame record of its own and no unwind information. X29 stays the record of the caller, whose
 * address only the shadow stack knows until the C handler hands it over. */
return_trampoline return_to_handler, ftrace_return_to_handler

/* The same with a handler that pops before it enables preemption. */
return_trampoline return_to_handler_pop_first, ftrace_return_to_handler_pop_first
