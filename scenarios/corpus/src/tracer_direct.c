// SPDX-License-Identifier: GPL-2.0-only
/* What is attached to a traced function besides the graph tracer, and tracers that call what is traced. */
#include "ftrace.h"

u64 direct_trampoline; /* what is called directly at a traced function's entry */
u64 direct_programs;   /* how many programs have run */

void observe(u64 *counter);

/* The graph tracer hooks the return, then the trampoline that a BPF program is attached by gets its turn. */
notrace noinline void ftrace_direct_func(u64 ip, u64 parent_ip, struct ftrace_regs *fregs)
{
	ftrace_graph_func(ip, parent_ip, fregs);
	fregs->direct_tramp = direct_trampoline;
}

/* A tracer whose return callback calls a function that may be traced itself: the callback for that one calls nothing. */
u64 nested_calls, nested_sum;
extern u64 tracer_entries, tracer_returns;

u64 chain_leaf(u64 n);

/* What it calls. */
noinline u64 nested_callee(u64 n)
{
	return chain_leaf(n) + n;
}

static notrace noinline int nested_entry(u64 func, struct fgraph_ops *ops, u64 *data)
{
	observe(&tracer_entries);
	return 1;
}

static notrace noinline void nested_return(u64 func, struct fgraph_ops *ops, u64 *data)
{
	static int busy;

	observe(&tracer_returns);
	if (busy)
		return;
	busy = 1;
	nested_sum += nested_callee(nested_calls);
	nested_calls++;
	busy = 0;
}

struct fgraph_ops nested_tracer = { .entry = nested_entry, .ret = nested_return };
