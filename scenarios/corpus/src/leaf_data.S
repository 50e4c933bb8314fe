/* SPDX-License-Identifier: GPL-2.0-only */
/* Two equal pages whose bytes repeat after 256, so that no two places near each other hold the same; and the switch of
 * the SIMD unit. */
#include "leaf.h"

	.macro pattern_page name
	.globl	\name
	.type	\name, %object
	.balign	4096
\name:
	.set	pattern, 1
	.rept	4096
	.byte	pattern & 0xff
	.set	pattern, (pattern * 5 + 3) & 0xff
	.endr
	.size	\name, . - \name
	.endm

	.data
	pattern_page leaf_page
	pattern_page leaf_twin

	.text
CFI_FUNC_START leaf_neon_begin
	mrs	x0, cpacr_el1
	orr	x0, x0, #3 << 20
	msr	cpacr_el1, x0
	isb
	ret
CFI_FUNC_END leaf_neon_begin
