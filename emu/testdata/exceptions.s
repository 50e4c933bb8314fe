// Vectors at 0 (a multiple of 2 KiB), a program that loops over flags and memory, and a BRK that is handled.
// x0 = an aligned buffer. The program starts at "main", right after the vectors.
	.org	0x200		// synchronous, EL1h
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x9, [sp, #16]
	mrs	x9, elr_el1
	add	x9, x9, #4
	msr	elr_el1, x9
	ldr	x9, [sp, #16]
	ldp	x29, x30, [sp], #32
	eret

	.org	0x280		// IRQ, EL1h
	stp	x29, x30, [sp, #-48]!
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [sp, #32]
	cmp	x0, x0		// destroys the flags
	bl	handler
	ldp	x0, x1, [sp, #32]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldp	x0, x1, [sp, #16]
	ldp	x29, x30, [sp], #48
	eret

handler:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	cmp	x0, #1
	ldp	x29, x30, [sp], #16
	ret

	.org	0x800		// main
	mov	x1, #5
	mov	x2, #0
1:	adds	x2, x2, x1
	adc	x2, x2, xzr
	str	x2, [x0], #8
	subs	x1, x1, #1
	b.ne	1b
	brk	#0x123
	ccmp	x2, #0, #0, ne
	bl	leaf
	nop
	b	2f
leaf:	eor	x2, x2, x1
	ret
2:	nop
