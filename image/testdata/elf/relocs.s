// One use of every relocation that a relocatable object may have, and of the ways to name a symbol.
	.text
	.globl	start
	.type	start, %function
start:
	bl	callee			// CALL26, local
	bl	outside			// CALL26, somebody else's
	b	outside			// JUMP26
	bl	maybe			// CALL26, weak and undefined
	b	maybe
	b.eq	callee2			// CONDBR19
	cbz	x0, callee2
	tbz	x0, #3, callee2		// TSTBR14
	adr	x0, value8		// ADR_PREL_LO21
	adr	x0, value8 + 3
	ldr	x1, value8		// LD_PREL_LO19
	adrp	x0, value1		// ADR_PREL_PG_HI21
	adrp	x0, far
	adrp	x2, :pg_hi21_nc:far
	add	x0, x0, :lo12:value1
	ldrb	w1, [x0, :lo12:value1]
	ldrh	w1, [x0, :lo12:value2]
	ldr	w1, [x0, :lo12:value4]
	ldr	x1, [x0, :lo12:value8]
	ldr	q1, [x0, :lo12:value16]
	str	q1, [x0, :lo12:value16 + 16]
	movz	x3, #:abs_g0:small
	movk	x3, #:abs_g0_nc:big
	movz	x3, #:abs_g1:small
	movk	x3, #:abs_g1_nc:big
	movz	x3, #:abs_g2:small
	movk	x3, #:abs_g2_nc:big
	movz	x3, #:abs_g3:big
	ret
	.size	start, . - start

	.section .text.second, "ax"
	.p2align 5
	.globl	callee
	.type	callee, %function
callee:
	ret
	.size	callee, . - callee
	.globl	callee2
	.type	callee2, %function
callee2:
	b	start
	.size	callee2, . - callee2

	.section .rodata, "a"
	.p2align 4
value16: .quad	1, 2, 3, 4
value8:	.quad	5
value4:	.word	6
value2:	.hword	7
value1:	.byte	8

	.data
	.p2align 3
	.globl	table
	.type	table, %object
table:
	.quad	start, outside + 16, value4 - 4	// ABS64
	.word	number32			// ABS32
	.hword	number16			// ABS16
	.hword	0
	.quad	start - .			// PREL64
	.word	outside - .			// PREL32
	.hword	near - .			// PREL16
	.hword	0
	.quad	maybe
	.size	table, . - table

	.bss
	.p2align 6
	.globl	room
	.type	room, %object
room:	.skip	100
	.size	room, . - room

	.weak	maybe
