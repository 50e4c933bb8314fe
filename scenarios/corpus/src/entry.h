/* SPDX-License-Identifier: GPL-2.0-only */
/* The way into and out of an exception taken at EL1. Follows kernel_entry and kernel_exit of arch/arm64/kernel/entry.S.
 *
 * kernel_entry saves all registers in a struct pt_regs below SP and makes its frame record the top of the chain, so
 * that an unwinder knows where one context ends and the interrupted one begins. kernel_exit leaves every register as it
 * was, but for a PC that the handler has changed.
 *
 * The argument bug leaves something out, for entry_broken.S. */
#ifndef CORPUS_ENTRY_H
#define CORPUS_ENTRY_H

#include "asm.h"

	/* The bug "late" lets interrupts in before ELR and SPSR, which they overwrite, have been saved. */
	.macro kernel_entry record=meta, bug=none
	.ifc \bug, late
	msr	daifclr, #2
	.endif
	.ifc \bug, entry
	reg_pairs stp, skip=12
	.else
	reg_pairs stp
	.endif
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
	.ifnc \bug, record
	add	x29, sp, #S_STACKFRAME
	.endif
	stp	x22, x23, [sp, #S_PC]
	.ifc \bug, late
	msr	daifset, #2
	.endif
	.endm

	/* ELR and SPSR as the saved registers have them: PC may be another one now. */
	.macro restore_return bug=none
	msr	daifset, #0xf
	ldp	x21, x22, [sp, #S_PC]
	msr	elr_el1, x21
	.ifnc \bug, spsr
	msr	spsr_el1, x22
	.endif
	.endm

	.macro kernel_exit bug=none
	restore_return \bug
	.ifc \bug, exit
	reg_pairs ldp, skip=10
	.else
	reg_pairs ldp
	.endif
	.ifc \bug, sp_first
	add	sp, sp, #PT_REGS_SIZE
	ldp	x28, x29, [sp, #16 * 14 - PT_REGS_SIZE]
	ldur	x30, [sp, #S_LR - PT_REGS_SIZE]
	.else
	ldp	x28, x29, [sp, #16 * 14]
	ldr	x30, [sp, #S_LR]
	add	sp, sp, #PT_REGS_SIZE
	.endif
	eret
	.endm

	/* Follows kernel_ventry of arch/arm64/kernel/entry.S; the register sequence is the kernel's.
	 *
	 * A slot makes room for pt_regs. Stacks are 16 KiB in 32 KiB-aligned places, so bit 14 of SP tells that it has
	 * left its stack; it is tested without a free register, in SP itself. If it has, the overflow stack takes over: the
	 * registers are not on any stack yet, so SP and X0 wait in those of user space. */
	.macro ventry target, overflow
	.balign	128
	sub	sp, sp, #PT_REGS_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0
	tbnz	x0, #14, 9f
	sub	x0, sp, x0
	sub	sp, sp, x0
	b	\target
9:	msr	tpidr_el0, x0
	sub	x0, sp, x0
	msr	tpidrro_el0, x0
	adrp	x0, overflow_stack_top
	ldr	x0, [x0, #:lo12:overflow_stack_top]
	mov	sp, x0
	b	\overflow
	.endm

#endif
