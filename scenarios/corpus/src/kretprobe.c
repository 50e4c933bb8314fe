// SPDX-License-Identifier: GPL-2.0-only
/* Kretprobes. The order of the steps follows kernel/kprobes.c and arch/arm64/kernel/probes/kprobes.c.
 *
 * A probed function begins with a BRK. Its handler keeps the return address in an instance on the task's list and puts
 * a trampoline's address into the LR that the exception will restore. The function returns to the trampoline, which
 * finds the address again. Who may look at the stack in between is what the order of these steps is about. */
#include "kretprobe.h"

struct kprobe kprobes[KPROBES];
struct kretprobe_instance kretprobe_pool[KRETPROBE_INSTANCES];
u64 kretprobe_maxactive = KRETPROBE_INSTANCES;
u64 kretprobe_return_hook; /* which trampoline is in use: scenarios choose a variant */
u64 kretprobe_link_first;  /* link the instance before LR is rewritten, not after */

u64 kretprobe_entries, kretprobe_returns, kretprobe_missed;

static struct kretprobe_instance *free_instances;
static u64 used_instances;

static notrace struct kretprobe_instance *get_instance(void)
{
	struct kretprobe_instance *ri = free_instances;

	if (ri)
		free_instances = ri->next;
	else if (used_instances < kretprobe_maxactive)
		ri = &kretprobe_pool[used_instances++];
	return ri;
}

static notrace noinline void recycle_instance(struct kretprobe_instance *ri)
{
	ri->next = free_instances;
	free_instances = ri;
}

static notrace void link_instance(struct kretprobe_instance *ri)
{
	struct task_struct *t = current;

	ri->next = t->kretprobe_instances;
	barrier();
	WRITE_ONCE(t->kretprobe_instances, ri);
}

/* What the user wants to happen at the function's entry, and at its return. */
static notrace noinline void entry_handler(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	observe(&kretprobe_entries);
}

static notrace noinline void return_handler(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	observe(&kretprobe_returns);
}

/* Entry side. As in mainline LR is rewritten before the instance is on the list: in between, the trampoline's address
 * is where the function returns to, and nothing tells which call it belongs to. */
static notrace noinline void pre_handler_kretprobe(struct pt_regs *regs)
{
	struct kretprobe_instance *ri = get_instance();

	if (!ri) {
		kretprobe_missed++;
		return;
	}
	entry_handler(ri, regs);
	ri->ret_addr = regs->regs[30];
	ri->fp = regs->regs[29];
	barrier();
	if (READ_ONCE(kretprobe_link_first))
		link_instance(ri);
	barrier();
	WRITE_ONCE(regs->regs[30], kretprobe_return_hook);
	barrier();
	if (!READ_ONCE(kretprobe_link_first))
		link_instance(ri);
}

/* Finds where the probed function's caller goes on, and the last instance of this call: several probes on one call
 * have one instance each, and all but the first of them found the trampoline in LR. */
static notrace u64 find_ret_addr(struct kretprobe_instance **last)
{
	struct kretprobe_instance *ri = current->kretprobe_instances;

	while (ri && ri->ret_addr == kretprobe_return_hook)
		ri = ri->next;
	if (!ri)
		bug();
	*last = ri;
	return ri->ret_addr;
}

static notrace noinline void run_return_handlers(struct kretprobe_instance *last, struct pt_regs *regs, u64 ret)
{
	struct kretprobe_instance *ri = current->kretprobe_instances;

	for (;; ri = ri->next) {
		if (ri->fp != regs->regs[29])
			bug();
		ri->ret_addr = ret;
		return_handler(ri, regs);
		if (ri == last)
			break;
	}
}

/* Takes the instances of one call off the list; returns the newest of them. */
static notrace struct kretprobe_instance *unlink_instances(struct kretprobe_instance *last)
{
	struct task_struct *t = current;
	struct kretprobe_instance *first = t->kretprobe_instances;

	barrier();
	WRITE_ONCE(t->kretprobe_instances, last->next);
	last->next = 0;
	return first;
}

static notrace void recycle_instances(struct kretprobe_instance *ri)
{
	while (ri) {
		struct kretprobe_instance *next = ri->next;

		recycle_instance(ri);
		ri = next;
	}
}

/* Return side: the address goes to the registers' PC, the users' handlers run, and only then the instances go. */
static notrace noinline u64 kretprobe_trampoline_handler(struct pt_regs *regs)
{
	struct kretprobe_instance *last;
	u64 ret = find_ret_addr(&last);

	WRITE_ONCE(regs->pc, ret);
	barrier();
	run_return_handlers(last, regs, ret);
	recycle_instances(unlink_instances(last));
	return ret;
}

/* Called by the trampoline without an exception, as until 6.1: what it returns becomes LR. The PC that was corrected
 * in the registers is not what an unwinder looks at; the record in them still says trampoline. */
notrace noinline u64 trampoline_probe_handler(struct pt_regs *regs)
{
	return kretprobe_trampoline_handler(regs);
}

/* The order of kernel/trace/rethook.c: the return slot, which is the LR in the registers and in the record, is put
 * right first; then the instances are unlinked; then handlers run. */
notrace noinline void rethook_trampoline_handler(struct pt_regs *regs)
{
	struct kretprobe_instance *last, *ri, *first;
	u64 ret = find_ret_addr(&last);

	WRITE_ONCE(regs->pc, ret);
	WRITE_ONCE(regs->regs[30], ret);
	barrier();
	first = unlink_instances(last);
	for (ri = first; ri; ri = ri->next)
		return_handler(ri, regs);
	recycle_instances(first);
}

/* The trampoline's BRK: the exception's own registers are put right while the instances are still there. */
static notrace noinline void kretprobe_brk_handler(struct pt_regs *regs)
{
	struct task_struct *t = current;

	if (regs->pc != kretprobe_return_hook)
		bug();
	WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) + 1);
	WRITE_ONCE(regs->pc, kretprobe_trampoline_handler(regs));
	WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) - 1);
}

/* Does what a displaced instruction would have done. Only the two that stand at functions' entries occur; the kernel
 * steps through all but NOP and branches out of line. */
static notrace void simulate(u64 insn, struct pt_regs *regs)
{
	const u64 nop = 0xd503201f, mov_x9_x30 = 0xaa1e03e9;

	if (insn == mov_x9_x30)
		regs->regs[9] = regs->regs[30];
	else if (insn != nop)
		bug();
	WRITE_ONCE(regs->pc, regs->pc + 4);
}

static notrace noinline void kprobe_brk_handler(struct pt_regs *regs)
{
	struct kprobe *p = kprobes;
	u64 i;

	while (p->addr != regs->pc)
		if (++p == kprobes + KPROBES)
			bug();
	for (i = 0; i < p->kretprobes; i++)
		pre_handler_kretprobe(regs);
	simulate(p->insn, regs);
}

notrace noinline void brk_handler(struct pt_regs *regs, u64 comment)
{
	if (comment == KPROBES_BRK_IMM)
		kprobe_brk_handler(regs);
	else if (comment == KRETPROBES_BRK_IMM)
		kretprobe_brk_handler(regs);
	else
		bug();
}

/* Functions to be probed besides those of chain.c. */
u64 kretprobe_sum;
u64 kretprobe_annotated(u64 n);
void schedule(void);

noinline u64 kretprobe_sleeper(u64 n)
{
	schedule();
	return n + 1;
}

noinline void run_kretprobe(u64 (*probed)(u64), u64 n)
{
	u64 sum = 0;
	u64 i;

	for (i = 0; i < n; i++)
		sum += probed(sum + i);
	kretprobe_sum = sum;
}
