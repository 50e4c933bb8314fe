/* copy_to_user: unprivileged stores, with a fix-up for those that can't be done.
 *
 * No fault is taken here. Every store is preceded by a comparison with leaf_user_limit, and where a kernel's exception
 * table would lead from the store to the fix-up, a branch does. */
#include "leaf.h"

	/* user bytes: goes to the fix-up if a store of so many bytes at x3 reaches beyond the limit, x5. */
	.macro user bytes, fixup
	add	x9, x3, #\bytes
	cmp	x9, x5
	b.hi	\fixup
	.endm

	/* In: x0 = to, x1 = from, x2 = size. Out: x0 = how many bytes were not copied. x3 = next byte, x4 = end. */
	.macro copy_to_user_body
	adrp	x5, leaf_user_limit
	ldr	x5, [x5, #:lo12:leaf_user_limit]
	mov	x3, x0
	add	x4, x0, x2
.Lpair\@:
	subs	x2, x2, #16
	b.lo	.Lcopy_8\@
	ldp	x6, x7, [x1]
	user	8, .Lfixup\@
	sttr	x6, [x3]
	add	x1, x1, #8
	add	x3, x3, #8
	user	8, .Lfixup\@
	sttr	x7, [x3]
	add	x1, x1, #8
	add	x3, x3, #8
	b	.Lpair\@
.Lcopy_8\@:
	tbz	x2, #3, .Lcopy_4\@
	ldr	x6, [x1]
	user	8, .Lfixup\@
	sttr	x6, [x3]
	add	x1, x1, #8
	add	x3, x3, #8
.Lcopy_4\@:
	tbz	x2, #2, .Lcopy_2\@
	ldr	w6, [x1]
	user	4, .Lfixup\@
	sttr	w6, [x3]
	add	x1, x1, #4
	add	x3, x3, #4
.Lcopy_2\@:
	tbz	x2, #1, .Lcopy_1\@
	ldrh	w6, [x1]
	user	2, .Lfixup\@
	sttrh	w6, [x3]
	add	x1, x1, #2
	add	x3, x3, #2
.Lcopy_1\@:
	tbz	x2, #0, .Ldone\@
	ldrb	w6, [x1]
	user	1, .Lfixup\@
	sttrb	w6, [x3]
.Ldone\@:
	mov	x0, #0
	ret
	/* As many bytes as can be stored are; the rest is the result. */
.Lfixup\@:
	user	1, .Lleft\@
	ldrb	w6, [x1], #1
	sttrb	w6, [x3]
	add	x3, x3, #1
	b	.Lfixup\@
.Lleft\@:
	sub	x0, x4, x3
	ret
	.endm

	.text
LEAF_VARIANTS copy_to_user
