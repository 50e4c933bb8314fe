/* SPDX-License-Identifier: GPL-2.0-only */
/* Probed functions, of which the first instruction is executed elsewhere: it pushes the frame record. */

FUNC_ROWS stub_probed
	PUSH
	adrp	x16, stub_probed_calls
	ldr	x16, [x16, #:lo12:stub_probed_calls]
	blr	x16
	mov	x0, #0x600d
	POP
	ret
END_ROWS stub_probed

/* Another one, which a probe's handler calls. */
FUNC_ROWS stub_probed_inner
	PUSH
	bl	stub_observe
	POP
	ret
END_ROWS stub_probed_inner

/* int pre_handler(struct kprobe *, struct pt_regs *) that wants the instruction to be executed. */
FUNC_ROWS stub_pre_handler
	PUSH
	adrp	x16, stub_handler_calls
	ldr	x16, [x16, #:lo12:stub_handler_calls]
	blr	x16
	COUNT	stub_nr_hits
	mov	w0, wzr
	POP
	ret
END_ROWS stub_pre_handler

/* Where probed instructions are executed, with the BRK that follows: both are written when a probe is registered. */
FUNC stub_slot
	nop
	nop
END stub_slot

FUNC stub_slot_inner
	nop
	nop
END stub_slot_inner
