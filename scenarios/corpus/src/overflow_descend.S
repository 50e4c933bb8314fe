/* SPDX-License-Identifier: GPL-2.0-only */
/* A stack that fills up. */
#include "asm.h"

	/* Small enough for the last frame to leave less room than the registers of an exception need, so that whatever
	 * happens in it is found out as an overflow. */
	.set	descend_frame, 256

	/* x0 = a depth. Calls itself until the push of the frame record faults; returns the depth that was reached. Only a
	 * test kernel would survive that. */
	.macro descend_body self
	.if	signed
	paciasp
	.endif
	on_fault .Lfull\@, stp x29, x30, [sp, #-descend_frame]!
	.cfi_def_cfa_offset descend_frame
	.cfi_offset x29, -descend_frame
	.cfi_offset x30, 8 - descend_frame
	mov	x29, sp
	add	x0, x0, #1
	bl	\self
	ldp	x29, x30, [sp], #descend_frame
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
.Lfull\@:
	.if	signed
	autiasp
	.endif
	ret
	.endm

	.text
	.set	signed, 0
CFI_FUNC_START descend
	descend_body descend
CFI_FUNC_END descend

	.set	signed, 1
CFI_FUNC_START descend_signed
	descend_body descend_signed
CFI_FUNC_END descend_signed

/* start_descent(descend): wherever the stack ends, its frames lie so that an exception in the last two finds no room,
 * and one in those before finds room for its handler as well. */
CFI_FUNC_START start_descent
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov	x29, sp
	.cfi_def_cfa x29, 16
	sub	x9, sp, #descend_frame
	and	x9, x9, #~(descend_frame - 1)
	add	sp, x9, #32
	mov	x9, x0
	mov	x0, #0
	blr	x9
	mov	sp, x29
	.cfi_def_cfa sp, 16
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
CFI_FUNC_END start_descent
