// Vectors at 0, and loads and stores that can't be done, each with the address to go on at in x27.
// x0 = the start of a page that is there, x1 = the end of one that is followed by nothing, x3 - a byte. The handler uses
// x21 to x25, and appends ESR_EL1, FAR_EL1, ELR_EL1 and SPSR_EL1 at x26.
	.macro	fault insn:vararg
	adr	x27, 1f
	\insn
	udf	#1
1:
	.endm

	.org	0x200		// synchronous, EL1h
	mrs	x21, esr_el1
	mrs	x22, far_el1
	mrs	x23, elr_el1
	mrs	x24, spsr_el1
	stp	x21, x22, [x26], #16
	stp	x23, x24, [x26], #16
	msr	elr_el1, x27
	eret

	.org	0x800		// main
	add	x26, x0, #0x400
	sub	x4, x1, #8
	sub	x5, x1, #4
	sub	x6, x1, #24
	adr	x7, .
	mov	x9, sp
	sub	x10, sp, #0x4000	// the other end of the stack
	cmp	x0, x0
	fault	ldr	x2, [x1]
	fault	str	x2, [x1]
	fault	ldrb	w2, [x1, #0xf0]!
	fault	strb	w2, [x1], #1
	fault	ldr	x2, [x5]		// the second half
	fault	str	x2, [x5]
	fault	ldr	x2, [x5, #4]!
	fault	ldp	x2, x8, [x4]
	fault	stp	x2, x8, [x4]
	fault	ldp	x2, x8, [x4], #16
	fault	stp	x2, x8, [x4, #0]!
	fault	ldp	x4, x8, [x4]		// the base is loaded first
	fault	str	x2, [x7]		// code
	fault	stp	x2, x8, [x7, #16]!
	fault	ldtr	x2, [x1]
	fault	sttr	x2, [x1]
	fault	ldadd	x2, x8, [x1]
	fault	dc	zva, x1
	fmov	d0, x9
	fault	ldr	q0, [x4]
	fmov	x8, d0
	fault	ld1	{v0.16b, v1.16b}, [x6], #32
	fault	st1	{v0.16b, v1.16b}, [x6], #32
	mov	sp, x10
	fault	str	x2, [sp, #-16]!
	fault	stp	x29, x30, [sp, #-32]!
	fault	ldr	x2, [sp, #-16]!
	mov	sp, x9
	bl	leaf
	b	2f
leaf:	fault	str	x30, [x1]
	ret
2:	nop
