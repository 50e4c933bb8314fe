# RA at a fixed offset from the CFA, FP tracked, and procedure linkage table entries, for which ld makes mask rows.

	.text

	.globl	frame
frame:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	call	elsewhere@plt
	call	elsewhere_too@plt
	leave
	.cfi_def_cfa 7, 8
	.cfi_restore 6
	ret
	.cfi_endproc

	.globl	leaf
leaf:
	.cfi_startproc
	ret
	.cfi_endproc
