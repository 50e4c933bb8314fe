/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries for interrupts with one mistake each. Nothing but tests uses them: they show that a mistake in the real one
 * would be noticed. */
#include "entry.h"

	.macro broken_irq bug, handler=el1h_64_irq_handler
	.balign	128
FUNC_START vector_\bug
	ventry	el1h_64_irq_\bug, unexpected_exception
FUNC_END vector_\bug

FUNC_START el1h_64_irq_\bug
	kernel_entry bug=\bug
	mov	x0, sp
	bl	\handler
	kernel_exit \bug
FUNC_END el1h_64_irq_\bug
	.endm

	.text
/* X12 and X13 are not saved. */
broken_irq entry
/* X10 and X11 are not restored. */
broken_irq exit
/* PSTATE is not restored. */
broken_irq spsr
/* X29, X28 and X30 are restored from below SP, where the next interrupt puts its own. */
broken_irq sp_first
/* X29 stays the interrupted function's: no record says that there was an exception. */
broken_irq record
/* The handler runs on the interrupted stack. */
broken_irq stack, handler=handle_irq
/* Interrupts are let in while ELR and SPSR are still in the registers. */
broken_irq late
