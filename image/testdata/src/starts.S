// SPDX-License-Identifier: GPL-2.0-only
// Functions in sections of their own, each with an FDE.
	.cfi_sections .sframe
	.macro function name, section
	.section \section, "ax", @progbits
	.globl \name
	.type \name, %function
\name:	.cfi_startproc
	nop
	ret
	.cfi_endproc
	.size \name, . - \name
	.endm
	function first, .text.a
	function second, .text.b
	function third, .init.text
	function fourth, .text
