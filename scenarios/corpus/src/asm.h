/* SPDX-License-Identifier: GPL-2.0-only */
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

	.macro one_pair op, a, b, base
	\op	x\a, x\b, [\base, #8 * \a]
	.endm

	/* "stp" saves X0 to X27 at SP, as in a struct pt_regs, "ldp" restores them; the pair that begins with X<skip> is
	 * left out. They may be at another base, and begin with another pair. */
	.macro reg_pairs op, skip=-1, base=sp, from=0
	.altmacro
	.set	.Lreg, \from
	.rept	(28 - \from) / 2
	.if	.Lreg <> \skip
	one_pair \op, %.Lreg, %(.Lreg + 1), \base
	.endif
	.set	.Lreg, .Lreg + 2
	.endr
	.noaltmacro
	.endm

	/* If insn faults, its handler goes on at fixup: an entry of the exception table, both places relative to where they
	 * are noted (arch/arm64/include/asm/asm-extable.h). */
	.macro on_fault fixup, insn:vararg
.Lfaulting\@:
	\insn
	.pushsection __ex_table, "a"
	.balign	4
	.long	.Lfaulting\@ - .
	.long	\fixup - .
	.popsection
	.endm

#endif
