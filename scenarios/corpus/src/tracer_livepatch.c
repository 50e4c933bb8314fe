// SPDX-License-Identifier: GPL-2.0-only
/* What live patching's ftrace_ops and the graph tracer's do together at one function: the tracer hooks the return, live
 * patching sends the call to another function by changing the PC that ftrace_caller goes on with. */
#include "ftrace.h"

u64 livepatch_new; /* the function that takes the place of livepatch_old */

/* The patched function: its body is never executed. */
noinline u64 livepatch_old(u64 n)
{
	__builtin_trap();
}

notrace noinline void ftrace_livepatch_func(u64 ip, u64 parent_ip, struct ftrace_regs *fregs)
{
	ftrace_graph_func(ip, parent_ip, fregs);
	fregs->pc = livepatch_new;
}
