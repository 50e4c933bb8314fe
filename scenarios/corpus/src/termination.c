// SPDX-License-Identifier: GPL-2.0-only
/* Chains of frame records that are not what they should be. A function spoils the chain below itself, calls on, so that
 * the stack can be walked in that state, and mends it before anything returns through it. */
#include "types.h"

#define RECORD_SIZE 16

struct frame_record {
	u64 fp, lr;
};

/* What a spoiler may work with. */
struct chain {
	struct frame_record *victim; /* of termination_victim, near the inner end of the chain */
	struct frame_record *caller; /* of termination_caller, which victim leads to */
	struct pt_regs *spare;       /* room in termination_caller's frame, zeroed: the chain passes it by */
};

typedef void spoiler(struct chain *c);

u64 termination_walks;
extern u64 irq_stack_top, task_stack_top;

void schedule(void);
void observe(u64 *counter);

static struct {
	u64 *where, was;
} overwritten[4];
static int nr_overwritten;

static inline void overwrite(u64 *where, u64 value)
{
	overwritten[nr_overwritten].where = where;
	overwritten[nr_overwritten].was = *where;
	nr_overwritten++;
	WRITE_ONCE(*where, value);
}

static noinline void mend(void)
{
	while (nr_overwritten > 0) {
		nr_overwritten--;
		WRITE_ONCE(*overwritten[nr_overwritten].where, overwritten[nr_overwritten].was);
	}
}

static inline u64 stack_end(void)
{
	return task_stack_top;
}

/* The task's own pt_regs, the FINAL record in it, and the record of the outermost C function, which leads there. */
static inline struct pt_regs *task_pt_regs(void)
{
	return (struct pt_regs *)stack_end() - 1;
}

static inline struct frame_record_meta *final_record(void)
{
	return &task_pt_regs()->stackframe;
}

static inline struct frame_record *outermost(struct chain *c)
{
	struct frame_record *r = c->caller;

	while (r->fp != (u64)final_record())
		r = (struct frame_record *)r->fp;
	return r;
}

/* Leads the chain from the victim to the spare pt_regs' metadata record, of the given type. */
static inline void lead_to_meta(struct chain *c, u64 type)
{
	overwrite(&c->spare->stackframe.type, type);
	overwrite(&c->victim->fp, (u64)&c->spare->stackframe);
}

void spoil_nothing(struct chain *c)
{
}

void spoil_loop(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)c->victim);
}

void spoil_cycle(struct chain *c)
{
	overwrite(&c->caller->fp, (u64)c->victim);
}

void spoil_backwards(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)c->victim - 4 * RECORD_SIZE);
}

/* The record that overlaps the one just read begins after its first word. */
void spoil_overlap(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)&c->victim->lr);
}

void spoil_misaligned(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)c->caller + 4);
}

/* Aligned to eight, which is all that is asked of a record: the return address is taken for the next record. */
void spoil_halfway(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)&c->caller->lr);
}

void spoil_off_stack(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)&termination_walks);
}

void spoil_null(struct chain *c)
{
	overwrite(&c->victim->fp, 0);
}

void spoil_edge(struct chain *c)
{
	overwrite(&c->victim->fp, stack_end() - 8);
}

/* To the interrupt stack, and from there back to where the chain came from. */
void spoil_other_stack(struct chain *c)
{
	struct frame_record *r = (struct frame_record *)irq_stack_top - 2;

	overwrite(&r->fp, (u64)c->caller);
	overwrite(&r->lr, c->victim->lr);
	overwrite(&c->victim->fp, (u64)r);
}

void spoil_no_type(struct chain *c)
{
	lead_to_meta(c, 0);
}

void spoil_unknown_type(struct chain *c)
{
	lead_to_meta(c, 3);
}

void spoil_final_elsewhere(struct chain *c)
{
	lead_to_meta(c, FRAME_META_TYPE_FINAL);
}

/* An exception that never happened: its registers are all zero. */
void spoil_regs_elsewhere(struct chain *c)
{
	lead_to_meta(c, FRAME_META_TYPE_PT_REGS);
}

/* A metadata record of which the type is no longer on the stack. */
void spoil_meta_edge(struct chain *c)
{
	struct frame_record *last = (struct frame_record *)stack_end() - 1;

	overwrite(&last->fp, 0);
	overwrite(&last->lr, 0);
	overwrite(&c->victim->fp, (u64)last);
}

void spoil_last_link(struct chain *c)
{
	overwrite(&outermost(c)->fp, stack_end());
}

void spoil_final_type(struct chain *c)
{
	overwrite(&final_record()->type, 0);
}

/* The end of the chain looks like one more caller. */
void spoil_final_record(struct chain *c)
{
	overwrite(&final_record()->fp, (u64)task_pt_regs());
	overwrite(&final_record()->lr, c->caller->lr);
}

void spoil_skip(struct chain *c)
{
	overwrite(&c->victim->fp, c->caller->fp);
}

void spoil_shortcut(struct chain *c)
{
	overwrite(&c->victim->fp, (u64)final_record());
}

void spoil_lr(struct chain *c)
{
	overwrite(&c->victim->lr, (u64)observe);
}

void spoil_lr_data(struct chain *c)
{
	overwrite(&c->victim->lr, (u64)&termination_walks);
}

void spoil_lr_zero(struct chain *c)
{
	overwrite(&c->victim->lr, 0);
}

/* Runs while the chain is spoiled: a place for walks of all kinds. */
static noinline void termination_probe(void)
{
	observe(&termination_walks);
	schedule();
}

static noinline void termination_victim(spoiler *spoil, struct chain *c)
{
	c->victim = __builtin_frame_address(0);
	spoil(c);
	termination_probe();
	mend();
}

static noinline void termination_caller(spoiler *spoil)
{
	struct pt_regs spare;
	struct chain c = { .caller = __builtin_frame_address(0), .spare = &spare };
	u64 *word;

	for (word = (u64 *)&spare; word < (u64 *)(&spare + 1); word++)
		WRITE_ONCE(*word, 0);
	termination_victim(spoil, &c);
}

/* The chain is walked before, while and after it is spoiled. */
noinline void run_termination(spoiler *spoil)
{
	observe(&termination_walks);
	termination_caller(spoil);
	observe(&termination_walks);
}
