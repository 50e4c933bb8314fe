// SPDX-License-Identifier: GPL-2.0-only
/* Constants for the assembly files: compiled to assembly, from which the build picks the lines that begin with "->". */
#include "types.h"
#include "ftrace.h"
#include "exception.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %c0" ::"i"((u64)(value)))

void offsets(void)
{
	DEFINE(PT_REGS_SIZE, sizeof(struct pt_regs));
	DEFINE(S_LR, __builtin_offsetof(struct pt_regs, regs[30]));
	DEFINE(S_SP, __builtin_offsetof(struct pt_regs, sp));
	DEFINE(S_PC, __builtin_offsetof(struct pt_regs, pc));
	DEFINE(S_STACKFRAME, __builtin_offsetof(struct pt_regs, stackframe));
	DEFINE(S_STACKFRAME_TYPE, __builtin_offsetof(struct pt_regs, stackframe.type));
	DEFINE(META_FINAL, FRAME_META_TYPE_FINAL);
	DEFINE(META_PT_REGS, FRAME_META_TYPE_PT_REGS);
	DEFINE(SDEI_PRIORITY, __builtin_offsetof(struct sdei_event, priority));
	DEFINE(TASK_CURR_RET_STACK, __builtin_offsetof(struct task_struct, curr_ret_stack));
	DEFINE(TASK_CPU_CONTEXT, __builtin_offsetof(struct task_struct, cpu_context));
	DEFINE(FREGS_SIZE, sizeof(struct ftrace_regs));
	DEFINE(FREGS_DIRECT_TRAMP, __builtin_offsetof(struct ftrace_regs, direct_tramp));
	DEFINE(FREGS_FP, __builtin_offsetof(struct ftrace_regs, fp));
	DEFINE(FREGS_LR, __builtin_offsetof(struct ftrace_regs, lr));
	DEFINE(FREGS_SP, __builtin_offsetof(struct ftrace_regs, sp));
	DEFINE(FREGS_PC, __builtin_offsetof(struct ftrace_regs, pc));
}
