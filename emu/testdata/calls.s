// Calls of every depth: recursion, a leaf, a call through a register, a frame that is made and taken down in unusual ways.
	b	main

fib:	// x0 = fib(x0)
	cmp	x0, #2
	b.lo	1f
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	sub	x0, x0, #1
	bl	fib
	mov	x20, x0
	sub	x0, x19, #2
	bl	fib
	add	x0, x0, x20
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
1:	ret

leaf:
	eor	x0, x0, x1
	ret

awkward:	// large frame, SP from FP, LR in another register
	sub	sp, sp, #0x1000
	sub	sp, sp, #0x20
	str	x29, [sp, #-16]!
	str	x30, [sp, #8]
	add	x29, sp, #0
	sub	sp, sp, x0, lsl #4
	and	sp, x29, #0xfffffffffffffff0
	mov	x9, x30
	adr	x10, leaf
	blr	x10
	mov	x30, x9
	mov	sp, x29
	ldr	x30, [sp, #8]
	ldr	x29, [sp], #16
	add	sp, sp, #1, lsl #12
	add	sp, sp, #0x20
	ret	x30

main:
	mov	x0, #8
	bl	fib
	mov	x1, #5
	bl	leaf
	mov	x0, #3
	bl	awkward
	msr	daifset, #2
	bl	leaf
	mrs	x29, daif
	msr	daifclr, #2
	mov	x3, #0x3c0
	msr	daif, x3
	mov	x29, xzr
	msr	daif, xzr
	nop
