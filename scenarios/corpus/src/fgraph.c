// SPDX-License-Identifier: GPL-2.0-only
/* The function graph tracer's C half on the packed shadow stack (what kernel/trace/fgraph.c does since 6.11).
 *
 * The shadow stack is an array of words that grows upwards. A traced call pushes a struct ftrace_ret_stack and a word
 * with the set of tracers that want to see the return; a tracer may reserve words for itself above that, each block
 * ending in a tag. The topmost word, whichever it is, says in its low bits how far down the struct begins. */
#include "ftrace.h"

#define FRAME_WORDS (sizeof(struct ftrace_ret_stack) / sizeof(u64))
#define TYPE_BITMAP (1UL << 10)
#define TYPE_DATA (2UL << 10)
#define BITMAP_SHIFT 12
#define DATA_SIZE_SHIFT 12
#define DATA_INDEX_SHIFT 17
#define OFFSET_MASK 0x3ffUL

u64 shadow_stack[SHADOW_STACK_WORDS];
u64 shadow_stack_words = SHADOW_STACK_WORDS; /* how many of them are used: scenarios choose fewer, to fill it */
struct fgraph_ops *fgraph_array[FGRAPH_ARRAY_SIZE];
u64 fgraph_return_hook; /* which return_to_handler is in use: scenarios choose a variant */
u64 fgraph_depth_limit = 50;
u64 fgraph_panics;

static inline u64 bitmap_word(u64 tracers)
{
	return FRAME_WORDS | TYPE_BITMAP | tracers << BITMAP_SHIFT;
}

/* Follows ftrace_push_return_trace of kernel/trace/fgraph.c; the order of the stores is the kernel's.
 *
 * Publishes the entry in an order that an interrupt may see: the distance word is valid before curr_ret_stack says
 * that there is an entry, and both are written before the entry's contents. */
static notrace int push_return(u64 ret, u64 func, u64 fp)
{
	struct task_struct *t = current;
	int offset = t->curr_ret_stack;
	struct ftrace_ret_stack *entry = (void *)&t->ret_stack[offset];
	u64 *top = &t->ret_stack[offset + FRAME_WORDS];

	if (offset + FRAME_WORDS + 1 > shadow_stack_words - FGRAPH_ARRAY_SIZE)
		return -1;
	WRITE_ONCE(*top, bitmap_word(1));
	WRITE_ONCE(entry->ret, ret);
	barrier();
	WRITE_ONCE(t->curr_ret_stack, offset + FRAME_WORDS + 1);
	barrier();
	WRITE_ONCE(*top, bitmap_word(1));
	entry->ret = ret;
	entry->func = func;
	entry->fp = fp;
	entry->retp = fp;
	return offset;
}

/* Gives a tracer words of its own above the newest entry. Returns them, or null. */
static notrace u64 *reserve_data(int entry_offset, int tracer, u64 words)
{
	struct task_struct *t = current;
	int offset = t->curr_ret_stack;
	u64 *tag = &t->ret_stack[offset + words];

	if (!words || offset + words + 1 > shadow_stack_words - FGRAPH_ARRAY_SIZE)
		return 0;
	WRITE_ONCE(*tag, (u64)(offset + words - entry_offset) | TYPE_DATA | (words - 1) << DATA_SIZE_SHIFT | (u64)tracer << DATA_INDEX_SHIFT);
	barrier();
	WRITE_ONCE(t->curr_ret_stack, offset + words + 1);
	barrier();
	return &t->ret_stack[offset];
}

/* Finds a tracer's own words among those that lie between the entry and the top. */
static notrace u64 *find_data(int entry_offset, int tracer)
{
	struct task_struct *t = current;
	int top = t->curr_ret_stack - 1;

	while (top > entry_offset + (int)FRAME_WORDS) {
		u64 tag = t->ret_stack[top];
		int words = (tag >> DATA_SIZE_SHIFT & 31) + 1;

		if ((int)(tag >> DATA_INDEX_SHIFT & 15) == tracer)
			return &t->ret_stack[top - words];
		top -= words + 1;
	}
	return 0;
}

static notrace void pop_return(int offset)
{
	struct task_struct *t = current;

	barrier();
	WRITE_ONCE(t->curr_ret_stack, offset);
	barrier();
	WRITE_ONCE(t->curr_ret_depth, t->curr_ret_depth - 1);
}

/* Finds the newest entry; leaves it where it is. Returns its offset, or -1. */
static notrace int find_entry(struct ftrace_ret_stack **entry)
{
	struct task_struct *t = current;
	int top = t->curr_ret_stack;
	int distance;

	if (top <= 0)
		return -1;
	distance = t->ret_stack[top - 1] & OFFSET_MASK;
	if (distance <= 0 || distance > top - 1)
		return -1;
	*entry = (void *)&t->ret_stack[top - 1 - distance];
	return top - 1 - distance;
}

static notrace int function_graph_enter(u64 ret, u64 func, u64 fp)
{
	struct task_struct *t = current;
	u64 tracers = 0;
	int offset, i;

	if (t->curr_ret_depth + 1 >= (s64)fgraph_depth_limit)
		return -1;
	offset = push_return(ret, func, fp);
	if (offset < 0)
		return -1;
	t->curr_ret_depth++;
	for (i = 0; i < FGRAPH_ARRAY_SIZE; i++) {
		struct fgraph_ops *ops = READ_ONCE(fgraph_array[i]);

		if (ops && ops->entry(func, ops, reserve_data(offset, i, ops->data_words)))
			tracers |= 1UL << i;
	}
	if (!tracers) {
		pop_return(offset);
		return -1;
	}
	WRITE_ONCE(t->ret_stack[offset + FRAME_WORDS], bitmap_word(tracers | 1));
	return 0;
}

/* Entry side, called by ftrace_caller: makes the traced function return to the hook. */
notrace void ftrace_graph_func(u64 ip, u64 parent_ip, struct ftrace_regs *fregs)
{
	if (!function_graph_enter(parent_ip, ip, fregs->fp))
		fregs->lr = fgraph_return_hook;
}

static notrace void run_return_callbacks(struct ftrace_ret_stack *entry, int offset, u64 tracers)
{
	int i;

	for (i = 0; i < FGRAPH_ARRAY_SIZE; i++) {
		struct fgraph_ops *ops = READ_ONCE(fgraph_array[i]);

		if (ops && tracers >> i & 1)
			ops->ret(entry->func, ops, find_data(offset, i));
	}
}

/* The part of the return side that all variants share: finds the entry and runs the callbacks, with preemption off.
 * Returns the entry's offset. */
static inline int handle_return(struct ftrace_regs *fregs, u64 *ret)
{
	struct task_struct *t = current;
	struct ftrace_ret_stack *entry;
	int offset = find_entry(&entry);

	if (offset < 0 || entry->fp != fregs->fp) {
		fgraph_panics++;
		__builtin_trap();
	}
	*ret = entry->ret;
	WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) + 1);
	run_return_callbacks(entry, offset, t->ret_stack[offset + FRAME_WORDS] >> BITMAP_SHIFT);
	return offset;
}

/* Return side, called by return_to_handler: says where to go on. Preemption is switched on again while the entry is still
 * there, then comes the pop, after which the address is in registers only. The order is the kernel's: its recursion lock
 * is released, and with it preemption enabled, before the pop. */
notrace noinline u64 ftrace_return_to_handler(struct ftrace_regs *fregs)
{
	u64 ret;
	int offset = handle_return(fregs, &ret);

	preempt_enable_notrace();
	pop_return(offset);
	return ret;
}

/* The other way round, which no kernel does: a task that is preempted has its address in saved registers only. */
notrace noinline u64 ftrace_return_to_handler_pop_first(struct ftrace_regs *fregs)
{
	u64 ret;
	int offset = handle_return(fregs, &ret);

	pop_return(offset);
	preempt_enable_notrace();
	return ret;
}

/* The same for trampolines that restore the address before they pop: the entry stays. */
notrace noinline struct peeked ftrace_peek_return(struct ftrace_regs *fregs)
{
	struct peeked p;
	int offset = handle_return(fregs, &p.ret);

	current->curr_ret_depth--;
	preempt_enable_notrace();
	p.offset = offset;
	return p;
}

/* Pops what ftrace_peek_return left. */
notrace noinline void ftrace_pop_return(u64 offset)
{
	WRITE_ONCE(current->curr_ret_stack, offset);
}
