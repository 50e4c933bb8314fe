/* Macros of the assembly files. FUNC_* emits no unwind information, as the kernel's SYM_FUNC_* does today;
 * CFI_FUNC_* does, and then every change of the CFA, X29 or X30 must be said by a .cfi directive. */
#ifndef CORPUS_ASM_H
#define CORPUS_ASM_H

#include "asm-offsets.h"

	.cfi_sections .sframe, .eh_frame

	.macro FUNC_START name
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
	.endm

	.macro FUNC_END name
	.size	\name, . - \name
	.endm

	.macro CFI_FUNC_START name
	FUNC_START \name
	.cfi_startproc
	.endm

	.macro CFI_FUNC_END name
	.cfi_endproc
	FUNC_END \name
	.endm

#endif
