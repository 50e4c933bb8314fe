// SPDX-License-Identifier: GPL-2.0-only
// Functions that are entered as a dynamic linker's resolver is by a procedure linkage table: with 16 bytes on the stack, and
// the return address among them. One says where the CFA is, the other counts it from SP as it finds it. Their caller has
// no frame record.
	.text
	.macro function name
	.globl	\name
	.type	\name, %function
\name:
	.cfi_startproc
	.endm
	.macro end name
	.cfi_endproc
	.size	\name, . - \name
	.endm

function callee
	ret
end callee

	.macro	resolver name, pushed
	.balign	16
function \name
	.cfi_def_cfa_offset \pushed
	.cfi_offset 30, 8 - \pushed
	stp	x0, x1, [sp, #-32]!
	.cfi_def_cfa_offset 32 + \pushed
	nop
	ldp	x0, x1, [sp], #32
	.cfi_def_cfa_offset \pushed
	ldp	x17, x30, [sp], #16
	.cfi_def_cfa_offset \pushed - 16
	.cfi_restore 30
	br	x16
end \name
	.endm

	resolver right, 16
	resolver wrong, 0

	.macro	linkage name, to
function \name
	adr	x16, callee
	stp	x16, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 30, -8
	b	\to
end \name
	.endm

	linkage	to_right, right
	linkage	to_wrong, wrong

	.macro	caller name, to
function \name
	sub	sp, sp, #48
	.cfi_def_cfa_offset 48
	str	x30, [sp, #24]
	.cfi_offset 30, -24
	bl	\to
	ldr	x30, [sp, #24]
	.cfi_restore 30
	add	sp, sp, #48
	.cfi_def_cfa_offset 0
	ret
end \name
	.endm

	caller	calls_right, to_right
	caller	calls_wrong, to_wrong
