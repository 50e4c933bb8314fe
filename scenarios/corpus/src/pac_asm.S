/* SPDX-License-Identifier: GPL-2.0-only */
/* Assembly that signs its return address, as a shape of the prologue family: with unwind information that says so, with
 * unwind information that doesn't, and with none. */
#include "leaf.h"

	.set	marked, 0

	.macro say_signed
	.if	marked
	.cfi_negate_ra_state
	.endif
	.endm

	.macro pac_asm_body
	paciasp
	say_signed
	frame_push 1
	mov	x19, x0
	bl	prologue_callee
	add	x0, x0, x19, lsl #1
	add	x0, x0, #1
	frame_pop 1
	autiasp
	say_signed
	ret
	.endm

	.text
	.set	frame_described, 0
FUNC_START pac_asm_bare
	pac_asm_body
FUNC_END pac_asm_bare

	.set	frame_described, 1
CFI_FUNC_START pac_asm_unmarked
	pac_asm_body
CFI_FUNC_END pac_asm_unmarked

	.set	marked, 1
CFI_FUNC_START pac_asm_right
	pac_asm_body
CFI_FUNC_END pac_asm_right
