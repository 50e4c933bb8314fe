/* SPDX-License-Identifier: GPL-2.0-only */
/* Kretprobes: what the exception handlers, the trampolines and the scenarios share. */
#ifndef CORPUS_KRETPROBE_H
#define CORPUS_KRETPROBE_H

#include "exception.h"

/* Comments of the BRK instruction (arch/arm64/include/asm/brk-imm.h). */
#define KPROBES_BRK_IMM 0x4
#define KRETPROBES_BRK_IMM 0x7

/* A function whose first instruction is a BRK. */
struct kprobe {
	u64 addr;
	u64 insn;       /* what the BRK displaced */
	u64 kretprobes; /* how many kretprobes want the function's return */
};

#define KPROBES 4
#define KRETPROBE_INSTANCES 16

void brk_handler(struct pt_regs *regs, u64 comment);
void observe(u64 *counter);

#endif
