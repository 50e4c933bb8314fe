/* SPDX-License-Identifier: GPL-2.0-only */
/* The function graph tracer: what assembly and C share. */
#ifndef CORPUS_FTRACE_H
#define CORPUS_FTRACE_H

#include "types.h"

/* Registers that ftrace_caller and return_to_handler save (arch/arm64/include/asm/ftrace.h). */
struct ftrace_regs {
	u64 regs[9];
	u64 direct_tramp;
	u64 fp;
	u64 lr;
	u64 sp;
	u64 pc;
};

/* One traced call on the shadow stack (include/linux/ftrace.h, as on arm64 since 6.13). */
struct ftrace_ret_stack {
	u64 ret;  /* the caller's return address, which LR held at entry */
	u64 func; /* the traced function */
	u64 fp;   /* x29 at entry, compared at return */
	u64 retp; /* x29 at entry: the unwinder's key */
};

struct fgraph_ops {
	int (*entry)(u64 func, struct fgraph_ops *ops, u64 *data); /* says whether the return is wanted */
	void (*ret)(u64 func, struct fgraph_ops *ops, u64 *data);
	u64 data_words; /* how many words of its own the tracer wants on the shadow stack for each call */
};

#define FGRAPH_ARRAY_SIZE 16
#define SHADOW_STACK_WORDS 512

extern struct fgraph_ops *fgraph_array[FGRAPH_ARRAY_SIZE];
extern u64 fgraph_return_hook;
extern u64 fgraph_depth_limit;

void ftrace_graph_func(u64 ip, u64 parent_ip, struct ftrace_regs *fregs);
u64 ftrace_return_to_handler(struct ftrace_regs *fregs);

/* What a return handler that doesn't pop hands to the assembly: in x0 and x1. */
struct peeked {
	u64 ret;    /* where to go on */
	u64 offset; /* what curr_ret_stack becomes when the entry is popped */
};
struct peeked ftrace_peek_return(struct ftrace_regs *fregs);
void ftrace_pop_return(u64 offset);

void preempt_disable_notrace(void);
void preempt_schedule_notrace(void);
static inline void preempt_enable_notrace(void)
{
	struct task_struct *t = current;
	barrier();
	WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) - 1);
	if (!READ_ONCE(t->preempt_count))
		preempt_schedule_notrace();
}

#endif
