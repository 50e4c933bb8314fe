/* SPDX-License-Identifier: GPL-2.0-only */
/* The routines of stale.h of which the return address is in another register. DWARF can say so, SFrame V3 can't: this
 * file is assembled without it. */
#include "stale.h"

	.cfi_sections .debug_frame
	.set	frame_described, 1

	.text
	.macro RIGHT name
	CFI_FUNC_START \name\()_right
	\name\()_body
	CFI_FUNC_END \name\()_right
	.endm

RIGHT adr_loop
RIGHT register
