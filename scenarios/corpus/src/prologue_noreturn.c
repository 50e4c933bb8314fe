// SPDX-License-Identifier: GPL-2.0-only
/* A function whose last instruction is a call that doesn't return: the return address is one past the function, where
 * another one begins. */
#include "prologue.h"

/* In truth the callee does return, so that the run comes to an end: to prologue_landing, which gives the frame back.
 * A walk from inside the callee sees what it would see if it didn't. */
noinline u64 prologue_noreturn(u64 n)
{
	prologue_die(PROLOGUE_RESULT(n));
}

__asm__(
"	.globl	prologue_landing\n"
"	.type	prologue_landing, %function\n"
"prologue_landing:\n"
"	.cfi_startproc\n"
"	.cfi_def_cfa sp, 16\n"
"	.cfi_offset x29, -16\n"
"	.cfi_offset x30, -8\n"
"	ldp	x29, x30, [sp], #16\n"
"	.cfi_def_cfa_offset 0\n"
"	.cfi_restore x29\n"
"	.cfi_restore x30\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size	prologue_landing, . - prologue_landing\n");
