/* SPDX-License-Identifier: GPL-2.0-only */
/* Code whose unwind information says that it has no caller. */
#include "asm.h"

	.text
/* It has one all the same, and a frame record that says so: an unwinder that ends well here has not ended at FINAL. */
CFI_FUNC_START termination_outermost
	.cfi_undefined x30
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	adrp	x0, termination_walks
	add	x0, x0, #:lo12:termination_walks
	bl	observe
	ldp	x29, x30, [sp], #16
	ret
CFI_FUNC_END termination_outermost
