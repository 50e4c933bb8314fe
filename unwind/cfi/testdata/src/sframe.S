// Functions that SFrame can express, and functions that it can't. None of them is meant to run.

	.macro	function name, kind
	.hidden	\name
	.globl	\name
	.type	\name, %function
\name:
	.cfi_startproc \kind
	nop
	.endm

	.macro	end name
	nop
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.text

// Expressible.

function ra_then_fp
	.cfi_def_cfa_offset 32
	.cfi_offset x30, -24
	nop
	.cfi_offset x29, -32
end ra_then_fp

function fp_restored
	.cfi_def_cfa_offset 32
	.cfi_offset x30, -8
	.cfi_offset x29, -16
	nop
	.cfi_restore x29
end fp_restored

function same_values
	.cfi_def_cfa_offset 32
	.cfi_offset x30, -8
	.cfi_offset x29, -16
	nop
	.cfi_same_value x29
	.cfi_same_value x30
end same_values

function other_registers
	.cfi_offset x19, -16
	nop
	.cfi_register x20, x10
	nop
	.cfi_undefined x21
	nop
	.cfi_val_offset x22, -8
	nop
	.cfi_escape 0x10, 23, 2, 0x8f, 8			// expression x23
end other_registers

function repeated
	.cfi_def_cfa_offset 16
	nop
	.cfi_def_cfa_offset 16
	nop
	.cfi_offset x30, -8
	nop
	.cfi_offset x30, -8
end repeated

function outermost_later
	.cfi_def_cfa_offset 32
	.cfi_offset x30, -24
	nop
	.cfi_undefined x30
	nop
	.cfi_def_cfa_offset 48
	nop
	.cfi_restore x30
end outermost_later

	.hidden	outermost
	.globl	outermost
	.type	outermost, %function
outermost:
	.cfi_startproc
	.cfi_undefined x30
end outermost

function sp_is_cfa
	.cfi_val_offset sp, 0
end sp_is_cfa

function negative_cfa
	.cfi_def_cfa_offset -16
end negative_cfa

function fp_at_cfa
	.cfi_def_cfa_offset 32
	.cfi_offset x30, -8
	.cfi_offset x29, 0
end fp_at_cfa

function cfa_defined_late, simple
	.cfi_def_cfa sp, 16
	nop
	.cfi_def_cfa x29, 32
end cfa_defined_late

function wide_offsets
	.cfi_def_cfa_offset 200
	.cfi_offset x30, -200
	nop
	.cfi_def_cfa_offset 70000
	.cfi_offset x30, -70000
end wide_offsets

// Not expressible.

function fp_alone
	.cfi_def_cfa_offset 32
	.cfi_offset x29, -32
	nop
	.cfi_offset x30, -24
end fp_alone

function ra_restored_first
	.cfi_def_cfa_offset 32
	.cfi_offset x30, -8
	.cfi_offset x29, -16
	nop
	.cfi_restore x30
end ra_restored_first

function cfa_x19
	.cfi_def_cfa x19, 16
end cfa_x19

function cfa_register_x19
	.cfi_def_cfa_register x19
end cfa_register_x19

function cfa_expression
	.cfi_escape 0x0f, 3, 0x8f, 0x20, 0x06
end cfa_expression

function fp_in_register
	.cfi_register x29, x10
end fp_in_register

function ra_in_register
	.cfi_register x30, x10
end ra_in_register

function sp_in_register
	.cfi_register sp, x10
end sp_in_register

function fp_undefined
	.cfi_undefined x29
end fp_undefined

function ra_value
	.cfi_val_offset x30, -8
end ra_value

function fp_value
	.cfi_val_offset x29, -8
end fp_value

function ra_value_expression
	.cfi_escape 0x16, 30, 2, 0x8f, 8
end ra_value_expression

function offset_too_wide
	.cfi_def_cfa_offset 0x80000000
end offset_too_wide

function signed_with_pc
	.cfi_escape 0x2c
end signed_with_pc

function signed_with_pc_set
	.cfi_escape 0x2b, 2, 0x7f
end signed_with_pc_set

function return_in_x16
	.cfi_return_column x16
end return_in_x16

// Where GNU as does otherwise.

function nested_states
	.cfi_def_cfa_offset 16
	.cfi_remember_state
	nop
	.cfi_offset x30, -8
	.cfi_remember_state
	nop
	.cfi_def_cfa_offset 48
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
end nested_states

function ra_at_cfa
	.cfi_def_cfa_offset 32
	.cfi_offset x30, 0
end ra_at_cfa

function no_cfa, simple
end no_cfa

function sp_saved
	.cfi_def_cfa_offset 32
	.cfi_offset sp, -8
end sp_saved

function escaped_arguments
	.cfi_escape 0x2e, 16
end escaped_arguments

function escaped_offset
	.cfi_escape 0x9e, 2
end escaped_offset

function fp_expression
	.cfi_escape 0x10, 29, 2, 0x8f, 8
end fp_expression
