// Endless work for measurements. Three kinds: 0x00 straight code without stores, 0x100 one store in five instructions,
// 0x200 calls with frames.
1:	add	x1, x1, #1
	eor	x2, x2, x1
	lsr	x3, x2, #3
	add	x4, x4, x3
	orr	x5, x4, x1
	sub	x6, x5, x2
	add	x7, x7, x6
	eor	x8, x8, x7
	and	x9, x8, x1
	b	1b

	.org	0x100
2:	add	x1, x1, #1
	eor	x2, x2, x1
	str	x2, [x0]
	add	x4, x4, x3
	orr	x5, x4, x1
	sub	x6, x5, x2
	add	x7, x7, x6
	str	x8, [x0, #8]
	and	x9, x8, x1
	b	2b

	.org	0x200
3:	mov	x0, x1
	bl	outer
	add	x1, x1, x0
	b	3b
outer:	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	add	x20, x0, #7
	mov	x0, x20
	bl	inner
	add	x0, x0, x19
	eor	x0, x0, x20
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
inner:	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	lsr	x2, x0, #3
	eor	x0, x0, x2
	add	x0, x0, #1
	bl	leaf2
	ldp	x29, x30, [sp], #16
	ret
leaf2:	orr	x3, x0, #1
	sub	x0, x3, #2
	ret
