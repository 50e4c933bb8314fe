/* A tracer that counts: its callbacks call a function, so that a stack trace can be taken from inside them. */
#include "ftrace.h"

u64 tracer_entries, tracer_returns;

/* Somewhere to take a synchronous stack trace: the walk starts in the function just entered. */
notrace noinline void observe(u64 *counter)
{
	WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
}

static notrace noinline int count_entry(u64 func, struct fgraph_ops *ops)
{
	observe(&tracer_entries);
	return 1;
}

static notrace noinline void count_return(u64 func, struct fgraph_ops *ops)
{
	observe(&tracer_returns);
}

struct fgraph_ops counting_tracer = { .entry = count_entry, .ret = count_return };
