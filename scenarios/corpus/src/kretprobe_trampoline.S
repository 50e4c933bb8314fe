/* SPDX-License-Identifier: GPL-2.0-only */
/* Trampolines that probed functions return to, instead of to their callers (arch/arm64/kernel/probes). */
#include "asm.h"

	.text

/* As in 6.12 and later: an exception does all the work, and its return goes to the true caller. */
FUNC_START kretprobe_trampoline
	brk	#0x7
	brk	#0x800
FUNC_END kretprobe_trampoline

	/* As in 6.1: registers are saved as in an exception, below SP. The slots of X29 and X30 make a frame record
	 * {caller's record, trampoline}: an unwinder that comes by asks the list of instances. */
	.macro save_base_regs
	sub	sp, sp, #PT_REGS_SIZE
	reg_pairs stp
	stp	x28, x29, [sp, #16 * 14]
	add	x0, sp, #PT_REGS_SIZE
	stp	x30, x0, [sp, #S_LR]
	mrs	x0, nzcv
	str	x0, [sp, #S_PC + 8]
	add	x29, sp, #S_LR - 8
	.endm

	.macro restore_base_regs
	ldr	x0, [sp, #S_PC + 8]
	msr	nzcv, x0
	reg_pairs ldp
	ldp	x28, x29, [sp, #16 * 14]
	add	sp, sp, #PT_REGS_SIZE
	.endm

/* The handler says where to go on when the instances are gone already; the record is left as it was. */
FUNC_START kretprobe_trampoline_frame
	save_base_regs
	mov	x0, sp
	bl	trampoline_probe_handler
	mov	x30, x0
	restore_base_regs
	ret
FUNC_END kretprobe_trampoline_frame

/* As a rethook: the handler puts the address into the record, before anything else. */
FUNC_START kretprobe_trampoline_rethook
	save_base_regs
	mov	x0, sp
	bl	rethook_trampoline_handler
	ldr	x30, [sp, #S_LR]
	restore_base_regs
	ret
FUNC_END kretprobe_trampoline_rethook

/* A function to be probed whose unwind information begins at its first instruction: compilers leave out the NOPs that
 * are there for tracers. */
CFI_FUNC_START kretprobe_annotated
	nop
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	bl	chain_leaf
	ldp	x29, x30, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore x29
	.cfi_restore x30
	ret
CFI_FUNC_END kretprobe_annotated
