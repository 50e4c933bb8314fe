/* The function graph tracer's C half on the packed shadow stack (what kernel/trace/fgraph.c does since 6.11).
 *
 * The shadow stack is an array of words that grows upwards. A traced call pushes a struct ftrace_ret_stack and a top
 * word that says how far back the struct begins and which tracers want to see the return. */
#include "ftrace.h"

#define FRAME_WORDS (sizeof(struct ftrace_ret_stack) / sizeof(u64))
#define TYPE_BITMAP (1UL << 10)
#define BITMAP_SHIFT 12
#define OFFSET_MASK 0x3ffUL

u64 shadow_stack[SHADOW_STACK_WORDS];
struct fgraph_ops *fgraph_array[FGRAPH_ARRAY_SIZE];
u64 fgraph_return_hook; /* which return_to_handler is in use: scenarios choose a variant */
int fgraph_depth_limit = 50;
u64 fgraph_panics;

static inline u64 top_word(u64 tracers)
{
	return FRAME_WORDS | TYPE_BITMAP | tracers << BITMAP_SHIFT;
}

/* Publishes the entry in an order that an interrupt may see: the distance word is valid before curr_ret_stack says
 * that there is an entry, and both are written before the entry's contents. */
static notrace int push_return(u64 ret, u64 func, u64 fp)
{
	struct task_struct *t = current;
	int offset = t->curr_ret_stack;
	struct ftrace_ret_stack *entry = (void *)&t->ret_stack[offset];
	u64 *top = &t->ret_stack[offset + FRAME_WORDS];

	if (offset + FRAME_WORDS + 1 > SHADOW_STACK_WORDS - FGRAPH_ARRAY_SIZE)
		return -1;
	WRITE_ONCE(*top, top_word(1));
	WRITE_ONCE(entry->ret, ret);
	barrier();
	WRITE_ONCE(t->curr_ret_stack, offset + FRAME_WORDS + 1);
	barrier();
	WRITE_ONCE(*top, top_word(1));
	entry->ret = ret;
	entry->func = func;
	entry->fp = fp;
	entry->retp = fp;
	return offset;
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

	if (t->curr_ret_depth + 1 >= fgraph_depth_limit)
		return -1;
	offset = push_return(ret, func, fp);
	if (offset < 0)
		return -1;
	t->curr_ret_depth++;
	for (i = 0; i < FGRAPH_ARRAY_SIZE; i++) {
		struct fgraph_ops *ops = READ_ONCE(fgraph_array[i]);

		if (ops && ops->entry(func, ops))
			tracers |= 1UL << i;
	}
	if (!tracers) {
		pop_return(offset);
		return -1;
	}
	WRITE_ONCE(t->ret_stack[offset + FRAME_WORDS], top_word(tracers | 1));
	return 0;
}

/* Entry side, called by ftrace_caller: makes the traced function return to the hook. */
notrace void ftrace_graph_func(u64 ip, u64 parent_ip, struct ftrace_regs *fregs)
{
	if (!function_graph_enter(parent_ip, ip, fregs->fp))
		fregs->lr = fgraph_return_hook;
}

static notrace void run_return_callbacks(struct ftrace_ret_stack *entry, u64 tracers)
{
	int i;

	for (i = 0; i < FGRAPH_ARRAY_SIZE; i++) {
		struct fgraph_ops *ops = READ_ONCE(fgraph_array[i]);

		if (ops && tracers >> i & 1)
			ops->ret(entry->func, ops);
	}
}

/* Return side, called by return_to_handler: says where to go on. The entry stays while the callbacks run; after the
 * pop the address is in registers only, and preemption may still be switched on again. */
notrace noinline u64 ftrace_return_to_handler(struct ftrace_regs *fregs)
{
	struct task_struct *t = current;
	struct ftrace_ret_stack *entry;
	u64 ret;
	int offset = find_entry(&entry);

	if (offset < 0 || entry->fp != fregs->fp) {
		fgraph_panics++;
		__builtin_trap();
	}
	ret = entry->ret;
	WRITE_ONCE(t->preempt.count, READ_ONCE(t->preempt.count) + 1);
	run_return_callbacks(entry, t->ret_stack[offset + FRAME_WORDS] >> BITMAP_SHIFT);
	pop_return(offset);
	preempt_enable_notrace();
	return ret;
}
