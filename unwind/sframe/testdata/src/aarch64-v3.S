// What only version 3 can say, or what GNU as does in version 3 and its older linkers don't survive.

	.text

	.globl	signal
signal:
	.cfi_startproc
	.cfi_signal_frame
	nop
	.cfi_def_cfa_offset 16
	nop
	.cfi_endproc

	.globl	outermost
outermost:
	.cfi_startproc
	.cfi_undefined 30
	nop
	nop
	.cfi_endproc

	.globl	becomes_outermost
becomes_outermost:
	.cfi_startproc
	nop
	.cfi_undefined 30
	nop
	.cfi_endproc

	.globl	ra_alone
ra_alone:
	.cfi_startproc
	str	x30, [sp, -16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 30, -16
	nop
	.cfi_endproc

	.globl	empty
empty:
	.cfi_startproc
	.cfi_endproc

	.globl	row_at_the_end
row_at_the_end:
	.cfi_startproc
	nop
	.cfi_def_cfa_offset 16
	.cfi_endproc

	.section .text.other, "ax"
	.globl	other_section
other_section:
	.cfi_startproc
	nop
	.cfi_endproc
