// SPDX-License-Identifier: GPL-2.0-only
// What the workaround for erratum 843419 of Cortex-A53 replaces: ADRP at the end of a page, a store, and a load through what
// ADRP made. The linker moves the load elsewhere.
	.text
	.balign 4096
	.globl	filled
	.type	filled, %function
filled:
	.cfi_startproc
	sub	sp, sp, #32
	.cfi_def_cfa_offset 32
	str	x30, [sp, #16]
	.cfi_offset 30, -16
	.fill	(0xff8 - 8) / 4, 4, 0xd503201f	// NOPs
	adrp	x6, variable
	str	x7, [sp, #8]
	ldr	x6, [x6, #:lo12:variable]
	cbz	x6, 1f
	bl	filled
1:	ldr	x30, [sp, #16]
	add	sp, sp, #32
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	filled, . - filled
	.data
	.balign 8
variable:
	.xword	0
