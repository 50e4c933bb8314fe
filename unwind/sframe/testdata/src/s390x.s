# RA and FP saved on the stack, in other registers, and FP alone.

	.text

	.globl	frame
frame:
	.cfi_startproc
	stmg	%r11, %r15, 88(%r15)
	.cfi_offset 11, -72
	.cfi_offset 14, -48
	.cfi_offset 15, -40
	aghi	%r15, -160
	.cfi_def_cfa_offset 320
	lgr	%r11, %r15
	.cfi_def_cfa_register 11
	nopr
	lmg	%r11, %r15, 248(%r11)
	.cfi_restore 15
	.cfi_restore 14
	.cfi_restore 11
	.cfi_def_cfa 15, 160
	br	%r14
	.cfi_endproc

	.globl	leaf
leaf:
	.cfi_startproc
	ldgr	%f0, %r11
	.cfi_register 11, 16
	ldgr	%f2, %r14
	.cfi_register 14, 17
	nopr
	br	%r14
	.cfi_endproc

	.globl	fp_alone
fp_alone:
	.cfi_startproc
	stg	%r11, 88(%r15)
	.cfi_offset 11, -72
	nopr
	br	%r14
	.cfi_endproc
