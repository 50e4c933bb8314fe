# A realigned stack, whose CFA is neither an offset from SP nor from FP: flexible rows.

	.text

	.globl	realigned
realigned:
	.cfi_startproc
	leaq	8(%rsp), %r10
	.cfi_def_cfa 10, 0
	andq	$-64, %rsp
	pushq	-8(%r10)
	pushq	%rbp
	.cfi_escape 0x10, 0x6, 0x2, 0x76, 0
	movq	%rsp, %rbp
	pushq	%r10
	.cfi_escape 0xf, 0x3, 0x76, 0x78, 0x6
	nop
	ret
	.cfi_endproc

	.globl	outermost
outermost:
	.cfi_startproc
	.cfi_undefined 16
	nop
	.cfi_endproc
