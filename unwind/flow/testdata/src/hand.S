// Functions with known answers. The comment of each instruction says what holds before it:
//
//	SP, X29, X30 and what is saved where; "ra" is the return address, "fp" the caller's X29, "s" signed, "-" unknown,
//	"x" overwritten; ? for what isn't known at all, ~ for what is inferred, "." for filler that is never executed.

	.text
	.arch armv8.5-a
	.macro function name
	.balign 16
	.type \name, %function
\name:
	.endm
	.macro end name
	.size \name, . - \name
	.endm

function leaf
	add	x0, x0, #1			//= CFA fp ra
	ret					//= CFA fp ra
end leaf

function framed
	stp	x29, x30, [sp, #-32]!		//= CFA fp ra
	mov	x29, sp				//= CFA-32 fp ra [-32 fp, -24 ra]
	str	x19, [sp, #16]			//= CFA-32 CFA-32 ra [-32 fp, -24 ra]
	bl	elsewhere			//= CFA-32 CFA-32 ra [-32 fp, -24 ra]
	ldr	x19, [sp, #16]			//= CFA-32 CFA-32 x [-32 fp, -24 ra]
	ldp	x29, x30, [sp], #32		//= CFA-32 CFA-32 x [-32 fp, -24 ra]
	ret					//= CFA fp ra
end framed

function signed
	paciasp					//= CFA fp ra
	stp	x29, x30, [sp, #-16]!		//= CFA fp sra
	mov	x29, sp				//= CFA-16 fp sra [-16 fp, -8 sra]
	blr	x0				//= CFA-16 CFA-16 sra [-16 fp, -8 sra]
	ldp	x29, x30, [sp], #16		//= CFA-16 CFA-16 x [-16 fp, -8 sra]
	autiasp					//= CFA fp sra
	ret					//= CFA fp ra
end signed

function signed_b_retab
	pacibsp					//= CFA fp ra
	str	x30, [sp, #-16]!		//= CFA fp sra
	bl	elsewhere			//= CFA-16 fp sra [-16 sra]
	ldr	x30, [sp], #16			//= CFA-16 fp x [-16 sra]
	retab					//= CFA fp sra
end signed_b_retab

function wrong_modifier
	paciasp					//= CFA fp ra
	sub	sp, sp, #16			//= CFA fp sra
	autiasp					//= CFA-16 fp sra
	add	sp, sp, #16			//= CFA-16 fp -
	ret					//= CFA fp -
end wrong_modifier

function below_sp
	stp	x29, x30, [sp, #-16]		//= CFA fp ra
	sub	sp, sp, #16			//= CFA fp ra
	bl	elsewhere			//= CFA-16 fp ra [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 fp x [-16 fp, -8 ra]
	ret					//= CFA fp ra
end below_sp

function big_frame
	mov	x12, #0x10			//= CFA fp ra
	movk	x12, #1, lsl #16		//= CFA fp ra
	sub	sp, sp, x12			//= CFA fp ra
	stp	x29, x30, [sp]			//= CFA-65552 fp ra
	ldp	x29, x30, [sp]			//= CFA-65552 fp ra [-65552 fp, -65544 ra]
	add	sp, sp, #16			//= CFA-65552 fp ra [-65552 fp, -65544 ra]
	add	sp, sp, #16, lsl #12		//= CFA-65536 fp ra
	ret					//= CFA fp ra
end big_frame

function alloca
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	mov	x29, sp				//= CFA-16 fp ra [-16 fp, -8 ra]
	sub	sp, sp, x0			//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
	mov	x0, sp				//= - CFA-16 ra [-16 fp, -8 ra]
	bl	elsewhere			//= - CFA-16 ra [-16 fp, -8 ra]
	mov	sp, x29				//= - CFA-16 x [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 CFA-16 x [-16 fp, -8 ra]
	ret					//= CFA fp ra
end alloca

function in_register
	mov	x9, x30				//= CFA fp ra
	bl	elsewhere			//= CFA fp ra
	mov	x30, x9				//= CFA fp x
	ret					//= CFA fp -
end in_register

function in_preserved_register
	mov	x19, x30			//= CFA fp ra
	bl	elsewhere			//= CFA fp ra
	mov	x30, x19			//= CFA fp x
	ret					//= CFA fp ra
end in_preserved_register

function two_paths
	cbz	x0, 1f				//= CFA fp ra
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	bl	elsewhere			//= CFA-16 fp ra [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 fp x [-16 fp, -8 ra]
1:	ret					//= CFA fp ra
end two_paths

function paths_disagree
	cbz	x0, 1f				//= CFA fp ra
	sub	sp, sp, #16			//= CFA fp ra
1:	nop					//= - fp ra
	ret					//= - fp ra
end paths_disagree

function loop
	sub	sp, sp, #16			//= CFA fp ra
1:	sub	x0, x0, #1			//= CFA-16 fp ra
	tbnz	x0, #3, 2f			//= CFA-16 fp ra
	cbnz	x0, 1b				//= CFA-16 fp ra
2:	add	sp, sp, #16			//= CFA-16 fp ra
	ret					//= CFA fp ra
end loop

function growing_loop
1:	sub	sp, sp, #16			//= - fp ra
	cbnz	x0, 1b				//= - fp ra
	ret					//= - fp ra
end growing_loop

function noreturn_before_other_code
	cbz	x0, 1f				//= CFA fp ra
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	bl	panics				//= CFA-16 fp ra [-16 fp, -8 ra]
1:	ret					//= CFA fp ra
end noreturn_before_other_code

function tail_call
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	bl	elsewhere			//= CFA-16 fp ra [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 fp x [-16 fp, -8 ra]
	b	elsewhere			//= CFA fp ra
end tail_call

function jump_table
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	mov	x29, sp				//= CFA-16 fp ra [-16 fp, -8 ra]
	adr	x1, 1f				//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
	add	x1, x1, x0, lsl #3		//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
	br	x1				//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
1:	bl	elsewhere			//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
	b	2f				//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
	bl	elsewhere			//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
2:	ldp	x29, x30, [sp], #16		//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
	ret					//= ~ CFA fp ra
end jump_table

// A branch that is patched in leads to the code at 1.
function patched_branch
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	mov	x29, sp				//= CFA-16 fp ra [-16 fp, -8 ra]
	nop					//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
2:	ldp	x29, x30, [sp], #16		//= CFA-16 CFA-16 x [-16 fp, -8 ra]
	ret					//= CFA fp ra
1:	bl	elsewhere			//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
	b	2b				//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
end patched_branch

function literal_pool
	ldr	x0, 1f				//= CFA fp ra
	ret					//= CFA fp ra
	nop					//= .
1:	.inst	0xa9bf7bfd			//= ?
	.inst	0x00010203			//= ?
end literal_pool

function stack_switch
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	mov	x29, sp				//= CFA-16 fp ra [-16 fp, -8 ra]
	mov	sp, x1				//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
	blr	x0				//= - CFA-16 ra [-16 fp, -8 ra]
	mov	sp, x29				//= - CFA-16 x [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 CFA-16 x [-16 fp, -8 ra]
	ret					//= CFA fp ra
end stack_switch

function slot_overwritten
	stp	x29, x30, [sp, #-32]!		//= CFA fp ra
	mov	x29, sp				//= CFA-32 fp ra [-32 fp, -24 ra]
	str	w0, [sp, #24]			//= CFA-32 CFA-32 ra [-32 fp, -24 ra]
	str	q0, [sp, #16]			//= CFA-32 CFA-32 ra [-32 fp, -24 ra]
	str	x0, [x29, #8]			//= CFA-32 CFA-32 ra [-32 fp, -24 ra]
	stp	d8, d9, [sp]			//= CFA-32 CFA-32 ra [-32 fp, -24 -]
	ldp	x29, x30, [sp], #32		//= CFA-32 CFA-32 ra
	ret					//= CFA - -
end slot_overwritten

// Instructions whose fields look like X29, X30 or SP but aren't, and some that are.
function lookalikes
	fmov	d30, d29			//= CFA fp ra
	add	v29.4s, v30.4s, v31.4s		//= CFA fp ra
	ccmp	x0, x1, #13, eq			//= CFA fp ra
	prfm	pldl1strm, [x30]		//= CFA fp ra
	stxr	w0, x30, [x1]			//= CFA fp ra
	ldr	q30, [x0], #16			//= CFA fp ra
	cmp	sp, x30				//= CFA fp ra
	subs	xzr, x30, #1			//= CFA fp ra
	stlr	x30, [x0]			//= CFA fp ra
	ld1	{v29.16b, v30.16b}, [sp], #32	//= CFA fp ra
	sub	sp, sp, #32			//= CFA+32 fp ra
	fcvtzs	x29, d0				//= CFA fp ra
	umov	w30, v0.s[1]			//= CFA - ra
	and	sp, x0, #-16			//= CFA - -
	ret					//= - - -
end lookalikes

function writers
	ldr	w30, [x0]			//= CFA fp ra
	ldr	x30, 1f				//= CFA fp -
	ldaxr	x29, [x0]			//= CFA fp -
1:	swp	x0, x30, [x1]			//= CFA - -
	msr	spsel, #0			//= CFA - -
	ret					//= - - -
end writers

function recursion
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	bl	recursion			//= CFA-16 fp ra [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 fp x [-16 fp, -8 ra]
	ret					//= CFA fp ra
end recursion

function get_pc
	bl	1f				//= CFA fp ra
1:	mov	x0, x30				//= CFA fp x
	ret					//= CFA fp x
end get_pc

function call_on_one_path
	cbz	x0, 1f				//= CFA fp ra
	bl	elsewhere			//= CFA fp ra
1:	ret					//= CFA fp x
end call_on_one_path

// The branch is patched away when the kernel starts. The BRK doesn't return, and what follows it belongs to the body.
function brk_before_body
	b	3f				//= CFA fp ra
	stp	x29, x30, [sp, #-16]!		//= ~ CFA fp ra
	mov	x29, sp				//= ~ CFA-16 fp ra [-16 fp, -8 ra]
	cbz	x0, 2f				//= ~ CFA-16 CFA-16 ra [-16 fp, -8 ra]
1:	ldp	x29, x30, [sp], #16		//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
	ret					//= ~ CFA fp ra
3:	brk	#0x800				//= CFA fp ra
2:	bl	elsewhere			//= ~ CFA-16 CFA-16 ra [-16 fp, -8 ra]
	b	1b				//= ~ CFA-16 CFA-16 x [-16 fp, -8 ra]
end brk_before_body

// What clang and gcc make of -fsanitize=shadow-call-stack.
function shadow_call_stack
	str	x30, [x18], #8			//= CFA fp ra
	stp	x29, x30, [sp, #-16]!		//= CFA fp ra
	mov	x29, sp				//= CFA-16 fp ra [-16 fp, -8 ra]
	bl	elsewhere			//= CFA-16 CFA-16 ra [-16 fp, -8 ra]
	ldp	x29, x30, [sp], #16		//= CFA-16 CFA-16 x [-16 fp, -8 ra]
	ldr	x30, [x18, #-8]!		//= CFA fp ra
	ret					//= CFA fp ra
end shadow_call_stack

// With a signed address, without a frame record, and popped twice, which is not the same once more.
function shadow_call_stack_signed
	paciasp					//= CFA fp ra
	str	x30, [x18], #8			//= CFA fp sra
	mov	x30, #0				//= CFA fp sra
	ldr	x30, [x18, #-8]!		//= CFA fp 0
	autiasp					//= CFA fp sra
	cbz	x0, 1f				//= CFA fp ra
	ldr	x30, [x18, #-8]!		//= CFA fp ra
1:	ret					//= CFA fp -
end shadow_call_stack_signed

	.balign 16
elsewhere:
	ret
panics:
	brk	#0
