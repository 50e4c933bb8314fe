/* Functions with one thing wrong each, in their unwind information. What is wrong is expected in planted_test.go. */
	.macro FUNC name
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
	.endm
	.macro END name
	.size	\name, . - \name
	.endm
	.macro PUSH
	stp	x29, x30, [sp, #-32]!
	.cfi_def_cfa_offset 32
	.cfi_offset 29, -32
	.cfi_offset 30, -24
	mov	x29, sp
	.endm
	.macro POP
	ldp	x29, x30, [sp], #32
	.cfi_restore 30
	.cfi_restore 29
	.cfi_def_cfa_offset 0
	.endm

	.file	"planted.S"
	.cfi_sections .eh_frame, .sframe
	.text

FUNC right
	.cfi_startproc
	bti	c
	PUSH
	nop
	POP
	ret
	.cfi_endproc
END right

FUNC leaf
	.cfi_startproc
	add	x0, x0, #1
	ret
	.cfi_endproc
END leaf

FUNC landing_pad
	bti	c
	.cfi_startproc
	PUSH
	POP
	ret
	.cfi_endproc
END landing_pad

FUNC patchable
	nop
	nop
	.cfi_startproc
	PUSH
	POP
	ret
	.cfi_endproc
END patchable

FUNC patchable_pad
	bti	c
	nop
	nop
	.cfi_startproc
	PUSH
	POP
	ret
	.cfi_endproc
END patchable_pad

FUNC late
	mov	x9, x30
	.cfi_startproc
	PUSH
	POP
	ret
	.cfi_endproc
END late

FUNC bare
	add	x0, x0, #1
	ret
END bare

FUNC gap_inside
	.cfi_startproc
	cbz	x0, 1f
	add	x0, x0, #1
	nop
	.cfi_endproc
	add	x0, x0, #2
	add	x0, x0, #3
	.cfi_startproc
1:	add	x0, x0, #4
	ret
	.cfi_endproc
END gap_inside

FUNC gap_behind
	.cfi_startproc
	cbz	x0, 1f
	ret
	.cfi_endproc
1:	add	x0, x0, #1
	ret
END gap_behind

/* Not a gap: nothing but padding. */
FUNC padded
	.cfi_startproc
	ret
	.cfi_endproc
	nop
	nop
END padded

FUNC dwarf_only
	.cfi_startproc
	mov	x9, sp
	.cfi_def_cfa 9, 0
	add	x0, x0, #1
	ret
	.cfi_endproc
END dwarf_only

	.type	"e843419@0000_00000001_4", %function
	.balign	16
"e843419@0000_00000001_4":
	ldr	x0, [x0, #8]
	b	leaf
	.size	"e843419@0000_00000001_4", . - "e843419@0000_00000001_4"

/* Code that isn't called, as SYM_CODE_START makes it. */
	.globl	entry_code
	.balign	16
entry_code:
	add	x0, x0, #1
	eret
	.size	entry_code, . - entry_code

/* Says 16 where it is 32. */
FUNC wrong_cfa
	.cfi_startproc
	stp	x29, x30, [sp, #-32]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -32
	.cfi_offset 30, -24
	nop
	POP
	ret
	.cfi_endproc
END wrong_cfa

/* Says nothing of its frame, as if it were a leaf. */
FUNC wrong_leaf
	.cfi_startproc
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	leaf
	ldp	x29, x30, [sp], #16
	ret
	.cfi_endproc
END wrong_leaf

/* Looks for X30 where X29 is. */
FUNC wrong_ra
	.cfi_startproc
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -8
	.cfi_offset 30, -16
	nop
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore 29
	.cfi_restore 30
	ret
	.cfi_endproc
END wrong_ra

/* Doesn't say that X30 is signed. */
FUNC wrong_signed
	.cfi_startproc
	paciasp
	PUSH
	POP
	autiasp
	ret
	.cfi_endproc
END wrong_signed

/* The CFA can't be followed: the frame is on another stack. */
FUNC undecided
	.cfi_startproc
	PUSH
	mov	sp, x0
	nop
	mov	sp, x29
	POP
	ret
	.cfi_endproc
END undecided

/* Two functions of which the second lies in the first, as with nested SYM_FUNC_STARTs: it is described by the first's FDE. */
FUNC outer
	.cfi_startproc
	add	x0, x0, #1
	b	2f
	.globl	inner
	.type	inner, %function
inner:
	add	x0, x0, #2
2:	ret
	.size	inner, . - inner
	.cfi_endproc
END outer

/* Right as assembled. The test changes their rows and descriptors. */
FUNC patched_row
	.cfi_startproc
	PUSH
	nop
	POP
	ret
	.cfi_endproc
END patched_row

FUNC patched_start
	.cfi_startproc
	add	x0, x0, #1
	add	x0, x0, #2
	ret
	.cfi_endproc
END patched_start

FUNC patched_size
	.cfi_startproc
	add	x0, x0, #1
	add	x0, x0, #2
	add	x0, x0, #3
	ret
	.cfi_endproc
END patched_size

FUNC last
	.cfi_startproc
	ret
	.cfi_endproc
END last
