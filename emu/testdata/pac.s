// Signed return addresses with both keys.
	b	main

fa:	paciasp
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	fb
	ldp	x29, x30, [sp], #16
	autiasp
	ret

fb:	pacibsp
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	mov	x9, x30
	xpaclri
	mov	x30, x9
	ldp	x29, x30, [sp], #16
	retab

fc:	paciasp
	str	x30, [sp, #-16]!
	ldr	x30, [sp], #16
	retaa

main:	bl	fa
	bl	fc
	adr	x8, fc
	paciza	x8
	blraaz	x8
	adr	x8, fc
	mov	x9, #5
	pacia	x8, x9
	blraa	x8, x9
	nop
