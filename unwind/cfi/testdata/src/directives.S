// Every directive of GNU as 2.40 that leaves something in the call frame information of AArch64 code.

	.cfi_sections .eh_frame, .debug_frame
	.text

	.hidden	plain
	.globl	plain
	.type	plain, %function
plain:
	.cfi_startproc
	nop
	ret
	.cfi_endproc
	.size	plain, . - plain

	.hidden	record
	.globl	record
	.type	record, %function
record:
	.cfi_startproc
	stp	x29, x30, [sp, #-48]!
	.cfi_adjust_cfa_offset 48
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	.cfi_def_cfa_register x29
	stp	x19, x20, [sp, #16]
	.cfi_offset x19, -32
	.cfi_offset x20, -24
	cbz	x0, 1f
	.cfi_remember_state
	ldp	x19, x20, [sp, #16]
	.cfi_restore x19
	.cfi_restore x20
	ldp	x29, x30, [sp], #48
	.cfi_def_cfa sp, 0
	.cfi_restore x29
	.cfi_restore x30
	ret
1:
	.cfi_restore_state
	str	d8, [sp, #40]
	.cfi_offset 72, -8				// v8
	bl	plain
	ldp	x29, x30, [sp], #48
	.cfi_def_cfa sp, 0
	.cfi_restore x29
	.cfi_restore x30
	.cfi_restore 72
	ret
	.cfi_endproc
	.size	record, . - record

// States remembered within each other.
	.hidden	nested
	.globl	nested
	.type	nested, %function
nested:
	.cfi_startproc
	sub	sp, sp, #16
	.cfi_def_cfa_offset 16
	.cfi_remember_state
	str	x30, [sp, #8]
	.cfi_offset x30, -8
	.cfi_remember_state
	sub	sp, sp, #32
	.cfi_adjust_cfa_offset 32
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	add	sp, sp, #16
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	nested, . - nested

// Rules that compilers don't use.
	.hidden	rules
	.globl	rules
	.type	rules, %function
rules:
	.cfi_startproc
	nop
	.cfi_same_value x19
	.cfi_undefined x20
	.cfi_register x30, x9
	nop
	.cfi_val_offset x21, -16
	.cfi_register x29, x10
	nop
	.cfi_undefined x30
	nop
	.cfi_restore x19
	.cfi_restore x21
	.cfi_same_value x30
	ret
	.cfi_endproc
	.size	rules, . - rules

// Instructions that have no directive: expressions, those of GNU, and an offset with its own alignment.
	.hidden	escapes
	.globl	escapes
	.type	escapes, %function
escapes:
	.cfi_startproc
	nop
	.cfi_escape 0x0f, 3, 0x8f, 0x20, 0x06			// def_cfa_expression: breg31+32, deref
	nop
	.cfi_escape 0x10, 30, 2, 0x8f, 0x08			// expression x30: breg31+8
	.cfi_escape 0x16, 29, 2, 0x8f, 0x10			// val_expression x29: breg31+16
	nop
	.cfi_escape 0x2e, 16					// GNU_args_size 16
	.cfi_def_cfa sp, 64
	nop
	.cfi_escape 0x2f, 19, 3					// GNU_negative_offset_extended x19
	.cfi_escape 0x11, 20, 0x7e				// offset_extended_sf x20, -2
	.cfi_escape 0x05, 21, 2					// offset_extended x21, 2
	.cfi_escape 0x06, 21					// restore_extended x21
	.cfi_escape 0x14, 22, 2					// val_offset x22, 2
	.cfi_escape 0x15, 23, 0x7e				// val_offset_sf x23, -2
	nop
	.cfi_escape 0x12, 31, 0x7c				// def_cfa_sf sp, -4
	nop
	.cfi_escape 0x13, 0x7a					// def_cfa_offset_sf -6
	nop
	.cfi_escape 0x02, 1, 0x0e, 8				// advance_loc1 1, def_cfa_offset 8
	nop
	.cfi_escape 0x0e, 16, 0x03, 1, 0, 0x0e, 24		// advance_loc2 1
	nop
	.cfi_escape 0x04, 1, 0, 0, 0, 0x0e, 32			// advance_loc4 1
	ret
	ret
	ret
	ret
	.cfi_endproc
	.size	escapes, . - escapes

	.hidden	encoded
	.globl	encoded
	.type	encoded, %function
encoded:
	.cfi_startproc
	.cfi_personality 0x1b, plain
	.cfi_lsda 0x1b, table
	nop
	.cfi_val_encoded_addr 32, 0x1b, plain
	ret
	.cfi_endproc
	.size	encoded, . - encoded

// Nothing but what is said here, and another return column.
	.hidden	simple
	.globl	simple
	.type	simple, %function
simple:
	.cfi_startproc simple
	.cfi_return_column x16
	nop
	.cfi_def_cfa x29, 16
	.cfi_offset x16, -8
	nop
	ret
	.cfi_endproc
	.size	simple, . - simple

	.hidden	signal
	.globl	signal
	.type	signal, %function
signal:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa x29, 0
	.cfi_offset x29, 0
	.cfi_offset x30, 8
	nop
	nop
	.cfi_endproc
	.size	signal, . - signal

	.hidden	signed
	.globl	signed
	.type	signed, %function
signed:
	.cfi_startproc
	hint	#25						// paciasp
	.cfi_negate_ra_state
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	cbz	x0, 1f
	.cfi_remember_state
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	hint	#29						// autiasp
	.cfi_window_save
	ret
1:
	.cfi_restore_state
	nop
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	hint	#29
	.cfi_negate_ra_state
	ret
	.cfi_endproc
	.size	signed, . - signed

	.hidden	signed_b
	.globl	signed_b
	.type	signed_b, %function
signed_b:
	.cfi_startproc
	.cfi_b_key_frame
	hint	#27						// pacibsp
	.cfi_negate_ra_state
	str	x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x30, -16
	ldr	x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x30
	hint	#31						// autibsp
	.cfi_negate_ra_state
	ret
	.cfi_endproc
	.size	signed_b, . - signed_b

// A row that starts where the function ends, and longer advances.
	.hidden	long_advances
	.globl	long_advances
	.type	long_advances, %function
long_advances:
	.cfi_startproc
	sub	sp, sp, #16
	.cfi_def_cfa_offset 16
	.skip	400
	.cfi_def_cfa_offset 32
	.skip	2000
	.cfi_def_cfa_offset 48
	ret
	.cfi_def_cfa_offset 0
	.cfi_endproc
	.size	long_advances, . - long_advances

	.section .rodata
table:	.4byte	0
