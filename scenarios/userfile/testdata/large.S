// SPDX-License-Identifier: GPL-2.0-only
// Thread-local variables and a global in the large code model, where the global offset table may be anywhere: the sequences of
// the AArch64 ELF ABI, which gcc 12 doesn't write for position independent code.
	.text
	.macro function name
	.globl	\name
	.type	\name, %function
\name:
	.cfi_startproc
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	mov	x29, sp
	mrs	x3, tpidr_el0
	adrp	x2, _GLOBAL_OFFSET_TABLE_
	add	x2, x2, #:lo12:_GLOBAL_OFFSET_TABLE_
	.endm
	.macro end name
	ldr	w0, [x0]
	ldp	x29, x30, [sp], #16
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

function descriptor
	movz	x0, #:tlsdesc_off_g1:variable
	movk	x0, #:tlsdesc_off_g0_nc:variable
	.tlsdescldr variable
	ldr	x1, [x2, x0]
	.tlsdescadd variable
	add	x0, x2, x0
	.tlsdesccall variable
	blr	x1
	add	x0, x3, x0
end descriptor

function initial
	movz	x0, #:gottprel_g1:variable
	movk	x0, #:gottprel_g0_nc:variable
	ldr	x0, [x2, x0]
	add	x0, x3, x0
end initial

function global
	movz	x0, #:tlsgd_g1:variable
	movk	x0, #:tlsgd_g0_nc:variable
	add	x0, x2, x0
	bl	__tls_get_addr
end global

	.section .tdata, "awT", %progbits
	.balign	4
	.word	7
	.globl	variable
	.type	variable, %tls_object
variable:
	.word	42
	.size	variable, 4
