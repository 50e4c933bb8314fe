// SPDX-License-Identifier: GPL-2.0-only
	.macro function name
	.type \name, %function
\name:	.cfi_startproc
	.endm
	.macro end name
	.cfi_endproc
	.size \name, . - \name
	.endm
	.macro push
	stp x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov x29, sp
	.endm
	.macro pop
	ldp x29, x30, [sp], #16
	.cfi_restore x29
	.cfi_restore x30
	.cfi_def_cfa_offset 0
	.endm
	.text
function right
	paciasp
	.cfi_negate_ra_state
	push
	bl leaf
	pop
	autiasp
	.cfi_negate_ra_state
	ret
end right
function unsaid
	paciasp
	push
	bl leaf
	pop
	autiasp
	ret
end unsaid
function late		// said one instruction too late
	paciasp
	nop
	.cfi_negate_ra_state
	retaa
end late
function leaf
	ret
end leaf
