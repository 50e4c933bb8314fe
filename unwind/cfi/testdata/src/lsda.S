// SPDX-License-Identifier: GPL-2.0-only
// Functions with language-specific data, in the encodings that compilers use. What a landing pad is has a label.
	.text

	.globl	plain
	.type	plain, %function
plain:				// like gcc: the base is omitted, ULEB128
	.cfi_startproc
	.cfi_personality 0x9b, personality
	.cfi_lsda 0x1b, plain_table
	nop
plain_call:
	bl	callee
plain_after:
	ret
	.globl	plain_pad
plain_pad:
	bl	callee
plain_end:
	.cfi_endproc
	.size	plain, . - plain

	.globl	based
	.type	based, %function
based:				// the base is an address, the call sites are words
	.cfi_startproc
	.cfi_personality 0x9b, personality
	.cfi_lsda 0x1b, based_table
	bl	callee
based_after:
	ret
	.globl	based_pad
based_pad:
	ret
	.cfi_endproc
	.size	based, . - based

	.globl	without
	.type	without, %function
without:			// no language-specific data
	.cfi_startproc
	ret
	.cfi_endproc
	.size	without, . - without

callee:
	ret

	.section .gcc_except_table, "a", %progbits
plain_table:
	.byte	0xff			// no base
	.byte	0x9b			// types
	.uleb128 2f - 1f
1:	.byte	0x01			// ULEB128
	.uleb128 4f - 3f
3:	.uleb128 plain_call - plain
	.uleb128 plain_after - plain_call
	.uleb128 plain_pad - plain
	.uleb128 1
	.uleb128 plain_pad - plain
	.uleb128 plain_end - plain_pad
	.uleb128 0
	.uleb128 0
4:	.balign	4
	.word	0
2:
	.balign	4
based_table:
	.byte	0x1b			// of 4 bytes, from here
	.word	based - .
	.byte	0xff			// no types
	.byte	0x03			// words
	.uleb128 6f - 5f
5:	.word	0
	.word	based_after - based
	.word	based_pad - based
	.uleb128 0
6:

	.data
	.hidden	personality
	.globl	personality
personality:
	.xword	0
