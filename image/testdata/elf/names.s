// Names for one place, places within places, and code without a size.
	.text
	.globl	outer
	.type	outer, %function
outer:
	nop
	.type	inner, %function
inner:
	nop
	nop
	.size	inner, . - inner
	nop
inside:					// a label within a function
	nop
	.size	outer, . - outer
	nop					// belongs to nothing that has a size
bare:						// a label without a size
	nop
	.globl	entry_code
entry_code:					// neither a function nor data, but with a size
	nop
	.word	0x12345678			// marked $d
	nop
	.size	entry_code, . - entry_code
	.globl	copy, __pi_copy, copx
	.type	copy, %function
	.type	copx, %function
	.type	local_copy, %function
__pi_copy:
copy:
copx:
local_copy:
	ret
	.size	copy, . - copy
	.size	copx, . - copx
	.size	local_copy, . - local_copy
	.size	__pi_copy, . - __pi_copy
	.type	unsized, %function
unsized:
	nop
	nop
	.type	last, %object
last:	.word	0
	.size	last, 4
	.section .text.other, "ax"
	.type	unsized, %function
	nop
twice:	nop
	.data
	.quad	0
	.globl	datum
	.type	datum, %object
datum:	.quad	0
	.size	datum, 8
	.equ	number, 0x1234
	.section .remarks, ""			// not loaded, so nothing in it has an address
remark:	.word	0
