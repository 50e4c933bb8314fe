/* SPDX-License-Identifier: GPL-2.0-only */
/* The leaf family: what its assembly files share, and what its C drivers share. */
#ifndef CORPUS_LEAF_H
#define CORPUS_LEAF_H

#ifdef __ASSEMBLER__
#include "asm.h"

	/* LEAF_VARIANTS name: the macro name_body as two functions. name_bare has no unwind information, as the kernel's
	 * routines have none; name_annotated says that it is a leaf: the CFA is SP, the return address stays in X30 and
	 * X29 is the caller's, from the first instruction to the last. */
	.macro LEAF_VARIANTS name
	FUNC_START \name\()_bare
	\name\()_body
	FUNC_END \name\()_bare
	CFI_FUNC_START \name\()_annotated
	\name\()_body
	CFI_FUNC_END \name\()_annotated
	.endm

	/* FRAMED_VARIANTS name: the macro name_body, which pushes a frame, as three functions. name_wrong carries the
	 * annotation of a leaf all the same, name_right says what frame_push and frame_pop do, name_bare says nothing. */
	.macro FRAMED_VARIANTS name
	.set	frame_described, 0
	FUNC_START \name\()_bare
	\name\()_body
	FUNC_END \name\()_bare
	CFI_FUNC_START \name\()_wrong
	\name\()_body
	CFI_FUNC_END \name\()_wrong
	.set	frame_described, 1
	CFI_FUNC_START \name\()_right
	\name\()_body
	CFI_FUNC_END \name\()_right
	.endm

	/* say: a .cfi directive that only name_right has. */
	.macro say directive:vararg
	.if	frame_described
	\directive
	.endif
	.endm

	/* frame_push pairs, locals: a frame record, then so many pairs of X19 to X24, then so many bytes. */
	.macro frame_push pairs, locals=0
	.set	frame_size, 16 + 16 * \pairs + \locals
	stp	x29, x30, [sp, #-frame_size]!
	say	.cfi_def_cfa_offset frame_size
	say	.cfi_offset x29, -frame_size
	say	.cfi_offset x30, 8 - frame_size
	mov	x29, sp
	.if	\pairs > 0
	stp	x19, x20, [sp, #16]
	.endif
	.if	\pairs > 1
	stp	x21, x22, [sp, #32]
	.endif
	.if	\pairs > 2
	stp	x23, x24, [sp, #48]
	.endif
	.endm

	.macro frame_pop pairs, locals=0
	.if	\pairs > 2
	ldp	x23, x24, [sp, #48]
	.endif
	.if	\pairs > 1
	ldp	x21, x22, [sp, #32]
	.endif
	.if	\pairs > 0
	ldp	x19, x20, [sp, #16]
	.endif
	ldp	x29, x30, [sp], #(16 + 16 * \pairs + \locals)
	say	.cfi_def_cfa_offset 0
	say	.cfi_restore x29
	say	.cfi_restore x30
	.endm

#else
#include "types.h"

typedef unsigned short u16;

#define PAGE_SIZE 4096
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* Calls of the routine under test that did what the plain version does. The scenario checks the number. */
extern u64 leaf_right;

/* A page of a's and a little of the next one: any two places in it hold the same text, however they are aligned. */
extern u8 leaf_text[PAGE_SIZE + 256];

/* Two equal pages of bytes that differ from their neighbours. A routine that writes is let loose on the first and its
 * plain version on the second; then they must be equal again. */
extern u8 leaf_page[PAGE_SIZE], leaf_twin[PAGE_SIZE];

/* What user space has mapped: a page to be read and written, a page to be read, and then nothing. */
extern u8 *user_memory;

/* Whether both pages hold the same in [from, to). */
int leaf_twins_equal(u64 from, u64 to);

/* Floating point and SIMD are allowed from here on (CPACR_EL1.FPEN), as between kernel_neon_begin and kernel_neon_end. */
void leaf_neon_begin(void);

#endif
#endif
