// SPDX-License-Identifier: GPL-2.0-only
/* A tracer that counts: its callbacks call a function, so that a stack trace can be taken from inside them. */
#include "ftrace.h"

u64 tracer_entries, tracer_returns;

/* Somewhere to take a synchronous stack trace: the walk starts in the function just entered. */
notrace noinline void observe(u64 *counter)
{
	WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
}

static notrace noinline int count_entry(u64 func, struct fgraph_ops *ops, u64 *data)
{
	observe(&tracer_entries);
	return 1;
}

static notrace noinline void count_return(u64 func, struct fgraph_ops *ops, u64 *data)
{
	observe(&tracer_returns);
}

struct fgraph_ops counting_tracer = { .entry = count_entry, .ret = count_return };

/* A tracer that carries something from entry to return in words of its own. */
u64 tracer_mismatches;

static notrace noinline int remember_entry(u64 func, struct fgraph_ops *ops, u64 *data)
{
	data[0] = func;
	data[2] = ~func;
	observe(&tracer_entries);
	return 1;
}

static notrace noinline void remember_return(u64 func, struct fgraph_ops *ops, u64 *data)
{
	tracer_mismatches += data[0] != func || data[2] != ~func;
	observe(&tracer_returns);
}

struct fgraph_ops remembering_tracer = { .entry = remember_entry, .ret = remember_return, .data_words = 3 };

/* A tracer that doesn't want to see any return: the entry is taken back. */
u64 tracer_refusals;

static notrace noinline int refuse_entry(u64 func, struct fgraph_ops *ops, u64 *data)
{
	observe(&tracer_refusals);
	return 0;
}

struct fgraph_ops refusing_tracer = { .entry = refuse_entry, .ret = count_return };
