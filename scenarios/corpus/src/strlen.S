/* strlen, a word at a time, twice from the same text: as the kernel has it, without unwind information, and annotated
 * as the leaf that it is (the CFA is SP, the return address stays in X30, X29 is the caller's). */
#include "asm.h"

	/* In: x0 = string. Out: x0 = length. Reads whole aligned words, so never across a page that the string isn't on.
	 * A zero byte is found by (w - 0x01…01) & ~w & 0x80…80; bytes before the string are made non-zero first. */
	.macro strlen_body
	mov	x4, #0x0101010101010101
	and	x1, x0, #7
	bic	x2, x0, #7
	lsl	x1, x1, #3
	ldr	x3, [x2], #8
	mov	x5, #-1
	lsl	x5, x5, x1
	orn	x3, x3, x5
1:	sub	x5, x3, x4
	bic	x5, x5, x3
	ands	x5, x5, #0x8080808080808080
	b.ne	2f
	ldr	x3, [x2], #8
	b	1b
2:	rev	x5, x5
	clz	x5, x5
	sub	x2, x2, #8
	sub	x0, x2, x0
	add	x0, x0, x5, lsr #3
	ret
	.endm

	.text
FUNC_START strlen_bare
	strlen_body
FUNC_END strlen_bare

CFI_FUNC_START strlen_annotated
	strlen_body
CFI_FUNC_END strlen_annotated
