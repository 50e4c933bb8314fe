/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses that fault with the stack in every state: sums of words in user memory, as far as there is any.
 *
 * In: x0 = the words, x1 = how many, x2 = where the sum goes. Out: x0 = how many could not be read. */
#include "leaf.h"

	/* The return address is in LR all the time, and the base register is written back. */
	.macro sum_leaf_body
	mov	x3, xzr
.Lnext\@:
	cbz	x1, .Lout\@
	on_fault .Lout\@, ldr x4, [x0], #8
	add	x3, x3, x4
	sub	x1, x1, #1
	b	.Lnext\@
.Lout\@:
	str	x3, [x2]
	mov	x0, x1
	ret
	.endm

	/* In a frame, which is given up only if it was made; the first word is read before X29 says that there is one. */
	.macro sum_framed_body
	cbz	x1, .Lnothing\@
	stp	x29, x30, [sp, #-48]!
	.cfi_def_cfa_offset 48
	.cfi_offset x29, -48
	.cfi_offset x30, -40
	on_fault .Lout\@, ldr x4, [x0]
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	str	x2, [sp, #32]
	mov	x19, x0
	mov	x20, x1
	mov	x0, xzr
.Lnext\@:
	mov	x1, x4
	bl	sum_add
	sub	x20, x20, #1
	cbz	x20, .Lend\@
	on_fault .Lend\@, ldr x4, [x19, #8]!
	b	.Lnext\@
.Lend\@:
	ldr	x2, [sp, #32]
	str	x0, [x2]
	mov	x1, x20
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #48
	.cfi_remember_state
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	mov	x0, x1
	ret_signed
	.cfi_restore_state
.Lout\@:
	ldp	x29, x30, [sp], #48
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
.Lnothing\@:
	str	xzr, [x2]
	mov	x0, x1
	ret_signed
	.endm

	/* RET, after the authentication of LR if it was signed. */
	.macro ret_signed
	.if	signed
	autiasp
	.endif
	ret
	.endm

	.text
	.set	signed, 0
FUNC_START sum_bare
	sum_leaf_body
FUNC_END sum_bare

CFI_FUNC_START sum_leaf
	sum_leaf_body
CFI_FUNC_END sum_leaf

CFI_FUNC_START sum_framed
	sum_framed_body
CFI_FUNC_END sum_framed

	/* SFrame takes no row for the state of the signature, and an unwinder that strips needs none. */
	.set	signed, 1
CFI_FUNC_START sum_signed
	paciasp
	sum_framed_body
CFI_FUNC_END sum_signed
