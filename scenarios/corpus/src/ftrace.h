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
	int (*entry)(u64 func, struct fgraph_ops *ops);
	void (*ret)(u64 func, struct fgraph_ops *ops);
	u64 *data; /* counts its calls, so that a run shows that the callbacks really ran */
};

#define FGRAPH_ARRAY_SIZE 16
#define SHADOW_STACK_WORDS 512

extern struct fgraph_ops *fgraph_array[FGRAPH_ARRAY_SIZE];
extern u64 fgraph_return_hook;
extern int fgraph_depth_limit;

void ftrace_graph_func(u64 ip, u64 parent_ip, struct ftrace_regs *fregs);
u64 ftrace_return_to_handler(struct ftrace_regs *fregs);

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
