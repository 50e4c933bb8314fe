// Stores of every kind that A64 code of a kernel has. x0 = an 8-byte aligned buffer of at least 8 KiB that starts at
// a page, x1 = its end, beyond which there is another writable page.
	mov	x2, #0x1122334455667788 & 0xffff
	movk	x2, #0x5566, lsl #16
	movk	x2, #0x3344, lsl #32
	movk	x2, #0x1122, lsl #48
	mvn	x3, x2
	dup	v0.2d, x2
	dup	v1.2d, x3
	mov	v2.16b, v0.16b
	mov	v3.16b, v1.16b

	// plain
	strb	w2, [x0]
	strh	w2, [x0, #2]
	str	w2, [x0, #4]
	str	x2, [x0, #8]
	stp	w2, w3, [x0, #16]
	stp	x2, x3, [x0, #24]
	stnp	x2, x3, [x0, #40]
	stur	x3, [x0, #57]
	str	xzr, [x0, #8]
	sttr	x2, [x0, #72]
	stlr	x2, [x0]
	stlrb	w3, [x0]
	mov	x4, x0
	str	x2, [x4, #80]!
	str	x3, [x4], #16
	stp	x2, x3, [x4], #16

	// FP and SIMD
	add	x4, x0, #256
	str	b0, [x4]
	str	h0, [x4, #2]
	str	s0, [x4, #4]
	str	d0, [x4, #8]
	str	q0, [x4, #16]
	stp	q0, q1, [x4, #32]
	stp	d0, d1, [x4, #64]
	st1	{v0.16b}, [x4]
	st1	{v0.16b, v1.16b, v2.16b, v3.16b}, [x4]
	st2	{v0.8h, v1.8h}, [x4]
	st3	{v0.4s, v1.4s, v2.4s}, [x4]
	st4	{v0.16b, v1.16b, v2.16b, v3.16b}, [x4], #64
	st1	{v0.b}[3], [x4], #1
	st4	{v0.d, v1.d, v2.d, v3.d}[1], [x4]

	// a block
	add	x4, x0, #512
	dc	zva, x4
	str	x2, [x4, #24]
	add	x4, x4, #40
	dc	zva, x4

	// exclusives
	add	x4, x0, #1024
	ldxr	x5, [x4]
	stxr	w6, x2, [x4]
	stxr	w6, x3, [x4]	// fails
	ldaxrb	w5, [x4]
	stlxrb	w6, w3, [x4]
	ldxp	x5, x7, [x4]
	stxp	w6, x2, x3, [x4]
	ldaxp	w5, w7, [x4]
	stlxp	w6, w3, w2, [x4]
	ldxp	x5, x7, [x4]
	stxp	w6, x3, x2, [x4]

	// LSE atomics
	add	x4, x0, #1088
	ldadd	x2, x5, [x4]
	ldclral	w3, w5, [x4]
	ldseta	x2, x5, [x4]
	ldeor	x3, x5, [x4]
	ldsmax	x2, x5, [x4]
	ldumin	w2, w5, [x4]
	stadd	x2, [x4]
	staddb	w2, [x4]
	swp	x3, x5, [x4]
	swpalh	w2, w5, [x4]
	mov	x5, xzr
	cas	x5, x2, [x4]	// fails
	ldr	x5, [x4]
	casal	x5, x2, [x4]	// succeeds
	ldrb	w5, [x4]
	casab	w5, w3, [x4]
	ldp	x6, x7, [x4]
	mov	x8, x2
	mov	x9, x3
	casp	x6, x7, x8, x9, [x4]	// succeeds
	mov	x6, xzr
	caspal	x6, x7, x8, x9, [x4]	// fails
	ldp	w6, w7, [x4]
	casp	w6, w7, w8, w9, [x4]

	// unaligned, across a page, across a region
	add	x4, x0, #4096
	stur	x2, [x4, #-3]
	stur	q0, [x4, #-5]
	sub	x5, x4, #12
	stp	x3, x2, [x5]
	stp	q1, q0, [x5]
	stur	x2, [x1, #-3]
	stur	q0, [x1, #-7]
	sub	x5, x1, #12
	stp	x3, x2, [x5]
	stp	q1, q0, [x5]
	sub	x5, x1, #1
	strh	w3, [x5]

	// push and pop
	stp	x2, x3, [sp, #-16]!
	str	x2, [sp, #-16]!
	str	q0, [sp, #-32]!
	ldr	q1, [sp], #32
	ldr	x5, [sp], #16
	ldp	x5, x6, [sp], #16
	nop
