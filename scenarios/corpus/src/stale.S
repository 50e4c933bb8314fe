/* SPDX-License-Identifier: GPL-2.0-only */
/* The routines of stale.h with unwind information that SFrame has: none, a leaf's, or the right one. */
#include "stale.h"

	.text
CFI_FUNC_START stale_leaf
	add	x0, x0, #1
	ret
CFI_FUNC_END stale_leaf

	.macro BARE_AND_WRONG name
	.set	frame_described, 0
	FUNC_START \name\()_bare
	\name\()_body
	FUNC_END \name\()_bare
	CFI_FUNC_START \name\()_wrong
	\name\()_body
	CFI_FUNC_END \name\()_wrong
	.endm

FRAMED_VARIANTS after_call
FRAMED_VARIANTS scratch
FRAMED_VARIANTS adr_call
BARE_AND_WRONG adr_loop
BARE_AND_WRONG register
LEAF_VARIANTS veneer
