// What hand-written code adds: frames set up in other orders, both PAC keys, a leaf between markers only, and sizes and
// offsets right at the limits of each width.

	.text

	.globl	frame
frame:
	.cfi_startproc
	stp	x29, x30, [sp, -32]!
	.cfi_def_cfa_offset 32
	.cfi_offset 29, -32
	.cfi_offset 30, -24
	mov	x29, sp
	.cfi_def_cfa 29, 32
	nop
	ldp	x29, x30, [sp], 32
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa 31, 0
	ret
	.cfi_endproc

	.globl	marked_leaf
marked_leaf:
	.cfi_startproc
	ret
	.cfi_endproc

	.globl	keya
keya:
	.cfi_startproc
	hint	#25
	.cfi_negate_ra_state
	stp	x29, x30, [sp, -16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	ldp	x29, x30, [sp], 16
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	hint	#29
	.cfi_negate_ra_state
	ret
	.cfi_endproc

	.globl	keyb
keyb:
	.cfi_startproc
	.cfi_b_key_frame
	hint	#27
	.cfi_negate_ra_state
	stp	x29, x30, [sp, -16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	ret
	.cfi_endproc

	.globl	size255
size255:
	.cfi_startproc
	.skip	251
	.cfi_def_cfa_offset 16
	.skip	4
	.cfi_endproc
	.balign	4
	.globl	size256
size256:
	.cfi_startproc
	.skip	252
	.cfi_def_cfa_offset 16
	.skip	4
	.cfi_endproc
	.globl	size65535
size65535:
	.cfi_startproc
	.skip	65531
	.cfi_def_cfa_offset 16
	.skip	4
	.cfi_endproc
	.balign	4
	.globl	size65536
size65536:
	.cfi_startproc
	.skip	65532
	.cfi_def_cfa_offset 16
	.skip	4
	.cfi_endproc

	.globl	offsets
offsets:
	.cfi_startproc
	nop
	.cfi_def_cfa_offset 127
	nop
	.cfi_def_cfa_offset 128
	nop
	.cfi_def_cfa_offset 32767
	nop
	.cfi_def_cfa_offset 32768
	nop
	.cfi_def_cfa_offset 0
	.cfi_offset 30, -120
	.cfi_offset 29, -128
	nop
	.cfi_offset 30, -128
	.cfi_offset 29, -136
	nop
	.cfi_offset 30, -32760
	.cfi_offset 29, -32768
	nop
	.cfi_offset 30, -32768
	.cfi_offset 29, -32776
	nop
	.cfi_endproc
