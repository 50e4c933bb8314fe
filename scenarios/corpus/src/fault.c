// SPDX-License-Identifier: GPL-2.0-only
/* Synchronous exceptions: the BRK of a probe, and accesses to memory that isn't there (arch/arm64/mm/fault.c,
 * mm/extable.c). */
#include "kretprobe.h"

u64 overflow_stack_top;

/* An instruction that may fault, and where to go on if it does; both are relative to their own place. */
struct exception_table_entry {
	int insn, fixup;
};
extern const struct exception_table_entry ex_table_start[], ex_table_end[];

static inline u64 relative(const int *where) { return (u64)where + *where; }

/* The table is in the order of its instructions, as the code that it was made with. */
static notrace noinline const struct exception_table_entry *search_exception_tables(u64 pc)
{
	const struct exception_table_entry *low = ex_table_start, *high = ex_table_end;

	while (low < high) {
		const struct exception_table_entry *middle = low + (high - low) / 2;
		u64 insn = relative(&middle->insn);

		if (insn == pc)
			return middle;
		if (insn < pc)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static notrace noinline int fixup_exception(struct pt_regs *regs)
{
	const struct exception_table_entry *e = search_exception_tables(regs->pc);

	if (!e)
		return 0;
	WRITE_ONCE(regs->pc, relative(&e->fixup));
	return 1;
}

u64 fault_address, fault_syndrome; /* of the last abort */

/* Nothing can be paged in: what isn't expected to fault must not. */
static notrace noinline void do_mem_abort(u64 far, u64 esr, struct pt_regs *regs)
{
	fault_address = far;
	fault_syndrome = esr;
	if (!fixup_exception(regs))
		bug();
}

/* Interrupts may come in as they could before the fault. */
static notrace noinline void el1_abort(struct pt_regs *regs, u64 esr)
{
	u64 far;

	__asm__ volatile("mrs %0, far_el1" : "=r"(far));
	write_daif(regs->pstate & DAIF_MASK);
	do_mem_abort(far, esr, regs);
	write_daif(DAIF_MASK);
}

/* A synchronous exception stays on the interrupted stack. In a probe's everything stays masked. */
notrace noinline void el1h_64_sync_handler(struct pt_regs *regs)
{
	const u64 class_data_abort = 0x25, class_brk = 0x3c;
	u64 esr;

	__asm__ volatile("mrs %0, esr_el1" : "=r"(esr));
	if (esr >> 26 == class_brk)
		brk_handler(regs, esr & 0xffff);
	else if (esr >> 26 == class_data_abort)
		el1_abort(regs, esr);
	else
		bug();
}

/* The stack has overflowed. The kernel prints a trace from here and panics. Ours goes on: after an interrupt that found
 * no room for its registers, and where the exception table says so. */
notrace noinline void handle_bad_stack(struct pt_regs *regs, u64 sync)
{
	count(&exception_counts.bad_stack);
	if (sync && !fixup_exception(regs))
		bug();
}
