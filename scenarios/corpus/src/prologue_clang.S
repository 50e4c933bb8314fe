/* SPDX-License-Identifier: GPL-2.0-only */
/* The shapes that clang gives a frame, and some that only assembly has. Each returns 3 * x0 + 1 and calls
 * prologue_callee. */
#include "asm.h"

	.text

	/* x0 = 3 * x0 + 1, by way of prologue_callee; x19 is used. */
	.macro body
	mov	x19, x0
	bl	prologue_callee
	add	x0, x0, x19, lsl #1
	add	x0, x0, #1
	.endm

/* Record at the bottom, saved registers above it: as gcc does, but in another order. */
CFI_FUNC_START prologue_clang_bottom
	stp	x29, x30, [sp, #-32]!
	.cfi_def_cfa_offset 32
	stp	x20, x19, [sp, #16]
	mov	x29, sp
	.cfi_def_cfa x29, 32
	.cfi_offset x19, -8
	.cfi_offset x20, -16
	.cfi_offset x30, -24
	.cfi_offset x29, -32
	body
	.cfi_def_cfa sp, 32
	ldp	x20, x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x30
	.cfi_restore x29
	ret
CFI_FUNC_END prologue_clang_bottom

/* Locals below the record: SP is not X29 at calls. */
CFI_FUNC_START prologue_clang_locals
	sub	sp, sp, #80
	.cfi_def_cfa_offset 80
	stp	x29, x30, [sp, #48]
	str	x19, [sp, #64]
	add	x29, sp, #48
	.cfi_def_cfa x29, 32
	.cfi_offset x19, -16
	.cfi_offset x30, -24
	.cfi_offset x29, -32
	str	x0, [sp, #8]
	body
	str	x0, [sp, #8]
	ldr	x0, [sp, #8]
	.cfi_def_cfa sp, 80
	ldr	x19, [sp, #64]
	ldp	x29, x30, [sp, #48]
	add	sp, sp, #80
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x30
	.cfi_restore x29
	ret
CFI_FUNC_END prologue_clang_locals

/* The record is pushed first, the locals are made room for in two steps. */
CFI_FUNC_START prologue_clang_big
	stp	x29, x30, [sp, #-32]!
	.cfi_def_cfa_offset 32
	stp	x28, x19, [sp, #16]
	mov	x29, sp
	.cfi_def_cfa x29, 32
	.cfi_offset x19, -8
	.cfi_offset x28, -16
	.cfi_offset x30, -24
	.cfi_offset x29, -32
	sub	sp, sp, #1, lsl #12
	sub	sp, sp, #64
	str	x0, [sp]
	body
	add	sp, sp, #1, lsl #12
	add	sp, sp, #64
	.cfi_def_cfa sp, 32
	ldp	x28, x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x28
	.cfi_restore x30
	.cfi_restore x29
	ret
CFI_FUNC_END prologue_clang_big

/* The record at the top of the frame, saved registers below it. */
CFI_FUNC_START prologue_record_on_top
	stp	x20, x19, [sp, #-32]!
	.cfi_def_cfa_offset 32
	stp	x29, x30, [sp, #16]
	add	x29, sp, #16
	.cfi_def_cfa x29, 16
	.cfi_offset x30, -8
	.cfi_offset x29, -16
	.cfi_offset x19, -24
	.cfi_offset x20, -32
	body
	.cfi_def_cfa sp, 32
	ldp	x29, x30, [sp, #16]
	ldp	x20, x19, [sp], #32
	.cfi_def_cfa_offset 0
	.cfi_restore x30
	.cfi_restore x29
	.cfi_restore x19
	.cfi_restore x20
	ret
CFI_FUNC_END prologue_record_on_top

/* The record in the middle of the frame, at an odd multiple of eight. */
CFI_FUNC_START prologue_record_odd
	sub	sp, sp, #48
	.cfi_def_cfa_offset 48
	str	x19, [sp, #8]
	stp	x29, x30, [sp, #24]
	.cfi_offset x30, -16
	.cfi_offset x29, -24
	add	x29, sp, #24
	body
	ldr	x19, [sp, #8]
	ldp	x29, x30, [sp, #24]
	.cfi_restore x30
	.cfi_restore x29
	add	sp, sp, #48
	.cfi_def_cfa_offset 0
	ret
CFI_FUNC_END prologue_record_odd

/* LR and X29 are saved one by one, and X29 is moved late and given back early. */
CFI_FUNC_START prologue_piecemeal
	sub	sp, sp, #32
	.cfi_def_cfa_offset 32
	str	x30, [sp, #8]
	.cfi_offset x30, -24
	str	x19, [sp, #16]
	str	x29, [sp]
	.cfi_offset x29, -32
	mov	x19, x0
	mov	x29, sp
	bl	prologue_callee
	ldr	x29, [sp]
	.cfi_restore x29
	add	x0, x0, x19, lsl #1
	ldr	x19, [sp, #16]
	add	x0, x0, #1
	ldr	x30, [sp, #8]
	.cfi_restore x30
	add	sp, sp, #32
	.cfi_def_cfa_offset 0
	ret
CFI_FUNC_END prologue_piecemeal

/* The callee of prologue_noreturn. It is asked never to return, and returns. */
CFI_FUNC_START prologue_die
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov	x29, sp
	bl	prologue_callee
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
CFI_FUNC_END prologue_die
