/* SPDX-License-Identifier: GPL-2.0-only */
/* The little that the corpus shares: integer types, attributes, and the task as the unwinder sees it.
 *
 * The names and the order of operations are the arm64 kernel's; the layouts are our own and are read by the Go side
 * from the DWARF of the built corpus, never repeated there. */
#ifndef CORPUS_TYPES_H
#define CORPUS_TYPES_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

#define noinline __attribute__((noinline, noclone))
/* Not patched at its entry, so never traced: the tracer's own code. */
#define notrace __attribute__((patchable_function_entry(0, 0)))
#define barrier() __asm__ volatile("" ::: "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* What kernel_entry saves, with the metadata frame record at its end
 * (arch/arm64/include/asm/ptrace.h and asm/stacktrace/frame.h; size and offsets as in 6.18). */
struct frame_record_meta {
	u64 fp, lr; /* both zero: this is not an ordinary record */
	u64 type;
};
#define FRAME_META_TYPE_FINAL 1
#define FRAME_META_TYPE_PT_REGS 2

struct pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	u64 orig_x0;
	u32 syscallno;
	u32 pmr;
	u64 sdei_ttbr1;
	struct frame_record_meta stackframe;
};

/* What cpu_switch_to keeps of a task that isn't running (asm/processor.h). */
struct cpu_context {
	u64 x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
	u64 fp;
	u64 sp;
	u64 pc;
};

struct kretprobe_instance {
	struct kretprobe_instance *next;
	u64 ret_addr; /* x30 at the entry of the probed function */
	u64 fp;       /* x29 there: what the unwinder compares */
};

struct task_struct {
	u64 flags;
	union {
		u64 preempt_count; /* zero: preemption is on and a reschedule is due */
		struct {
			u32 count;
			u32 need_resched; /* inverted: 1 says that none is due */
		} preempt;
	};
	void *stack;
	int curr_ret_stack; /* shadow stack: index of the first free word */
	int curr_ret_depth; /* -1 when nothing is traced */
	u64 *ret_stack;
	struct kretprobe_instance *kretprobe_instances;
	struct cpu_context cpu_context;
};

static inline struct task_struct *get_current(void)
{
	struct task_struct *t;
	__asm__("mrs %0, sp_el0" : "=r"(t));
	return t;
}
#define current get_current()

#define PREEMPT_NEED_RESCHED_NOT (1UL << 32)

#endif
