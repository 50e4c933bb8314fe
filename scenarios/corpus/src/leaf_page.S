/* SPDX-License-Identifier: GPL-2.0-only */
/* clear_page and copy_page: 4096 bytes at a page boundary. */
#include "leaf.h"

	/* In: x0 = page, x1 = DCZID_EL0, or that with bit 4 (DZP) set, which forbids DC ZVA: a parameter, so that both
	 * ways can be run on one CPU. */
	.macro clear_page_body
	tbnz	x1, #4, .Lstore\@
	and	x1, x1, #15
	mov	x2, #4
	lsl	x1, x2, x1
.Lblock\@:
	dc	zva, x0
	add	x0, x0, x1
	tst	x0, #0xfff
	b.ne	.Lblock\@
	ret
.Lstore\@:
	stnp	xzr, xzr, [x0]
	stnp	xzr, xzr, [x0, #16]
	stnp	xzr, xzr, [x0, #32]
	stnp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	tst	x0, #0xfff
	b.ne	.Lstore\@
	ret
	.endm

	/* In: x0 = to, x1 = from. While a block of 128 bytes is stored the next one is loaded. */
	.macro copy_page_body
	ldp	x2, x3, [x1]
	ldp	x4, x5, [x1, #16]
	ldp	x6, x7, [x1, #32]
	ldp	x8, x9, [x1, #48]
	ldp	x10, x11, [x1, #64]
	ldp	x12, x13, [x1, #80]
	ldp	x14, x15, [x1, #96]
	ldp	x16, x17, [x1, #112]
	add	x1, x1, #128
.Lblock\@:
	prfm	pldl1strm, [x1, #256]
	stnp	x2, x3, [x0]
	ldp	x2, x3, [x1]
	stnp	x4, x5, [x0, #16]
	ldp	x4, x5, [x1, #16]
	stnp	x6, x7, [x0, #32]
	ldp	x6, x7, [x1, #32]
	stnp	x8, x9, [x0, #48]
	ldp	x8, x9, [x1, #48]
	stnp	x10, x11, [x0, #64]
	ldp	x10, x11, [x1, #64]
	stnp	x12, x13, [x0, #80]
	ldp	x12, x13, [x1, #80]
	stnp	x14, x15, [x0, #96]
	ldp	x14, x15, [x1, #96]
	stnp	x16, x17, [x0, #112]
	ldp	x16, x17, [x1, #112]
	add	x0, x0, #128
	add	x1, x1, #128
	tst	x1, #0xfff
	b.ne	.Lblock\@
	stnp	x2, x3, [x0]
	stnp	x4, x5, [x0, #16]
	stnp	x6, x7, [x0, #32]
	stnp	x8, x9, [x0, #48]
	stnp	x10, x11, [x0, #64]
	stnp	x12, x13, [x0, #80]
	stnp	x14, x15, [x0, #96]
	stnp	x16, x17, [x0, #112]
	ret
	.endm

	.text
LEAF_VARIANTS clear_page
LEAF_VARIANTS copy_page
