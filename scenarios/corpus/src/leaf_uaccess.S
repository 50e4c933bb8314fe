/* SPDX-License-Identifier: GPL-2.0-only */
/* copy_to_user: unprivileged stores, with a fix-up for those that can't be done. */
#include "leaf.h"

	/* In: x0 = to, x1 = from, x2 = size. Out: x0 = how many bytes were not copied. x3 = next byte, x4 = end. */
	.macro copy_to_user_body
	mov	x3, x0
	add	x4, x0, x2
.Lpair\@:
	subs	x2, x2, #16
	b.lo	.Lcopy_8\@
	ldp	x6, x7, [x1]
	on_fault .Lfixup\@, sttr x6, [x3]
	add	x1, x1, #8
	add	x3, x3, #8
	on_fault .Lfixup\@, sttr x7, [x3]
	add	x1, x1, #8
	add	x3, x3, #8
	b	.Lpair\@
.Lcopy_8\@:
	tbz	x2, #3, .Lcopy_4\@
	ldr	x6, [x1]
	on_fault .Lfixup\@, sttr x6, [x3]
	add	x1, x1, #8
	add	x3, x3, #8
.Lcopy_4\@:
	tbz	x2, #2, .Lcopy_2\@
	ldr	w6, [x1]
	on_fault .Lfixup\@, sttr w6, [x3]
	add	x1, x1, #4
	add	x3, x3, #4
.Lcopy_2\@:
	tbz	x2, #1, .Lcopy_1\@
	ldrh	w6, [x1]
	on_fault .Lfixup\@, sttrh w6, [x3]
	add	x1, x1, #2
	add	x3, x3, #2
.Lcopy_1\@:
	tbz	x2, #0, .Ldone\@
	ldrb	w6, [x1]
	on_fault .Lfixup\@, sttrb w6, [x3]
.Ldone\@:
	mov	x0, #0
	ret
	/* As many bytes as can be stored are; the rest is the result. */
.Lfixup\@:
	ldrb	w6, [x1], #1
	on_fault .Lleft\@, sttrb w6, [x3]
	add	x3, x3, #1
	b	.Lfixup\@
.Lleft\@:
	sub	x0, x4, x3
	ret
	.endm

	.text
LEAF_VARIANTS copy_to_user
