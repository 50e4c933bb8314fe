// SPDX-License-Identifier: GPL-2.0-only
/* Runs one shape, or all that can be traced. */
#include "prologue.h"

/* The stack protector's word, and what is called when it has changed (prologue_protector.c). */
u64 __stack_chk_guard = 0xa5c3ff0d0a00;
void __stack_chk_fail(void);

notrace noinline void __stack_chk_fail(void)
{
	__builtin_trap();
}

#define CALLS 4

u64 prologue_right;
u64 prologue_calls;

void observe(u64 *counter);

notrace noinline u64 prologue_callee(u64 n)
{
	observe(&prologue_calls);
	return n;
}

noinline void run_prologue(shape *fn)
{
	u64 n;

	for (n = 0; n < CALLS; n++)
		prologue_right += fn(n) == PROLOGUE_RESULT(n);
}

shape prologue_record, prologue_saved, prologue_locals, prologue_big, prologue_huge, prologue_args, prologue_variadic,
	prologue_leaf, prologue_shrink, prologue_exits, prologue_vla, prologue_offset, prologue_tail;

noinline void run_prologue_traced(void)
{
	static shape *const all[] = {
		prologue_record, prologue_saved, prologue_locals, prologue_big, prologue_huge, prologue_args,
		prologue_variadic, prologue_leaf, prologue_shrink, prologue_exits, prologue_vla, prologue_offset,
		prologue_tail,
	};
	u64 i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		run_prologue(all[i]);
}
