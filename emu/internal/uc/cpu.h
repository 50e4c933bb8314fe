// SPDX-License-Identifier: GPL-2.0-only
// The state of the emulated CPU, as far as the recorder needs it during a run.
#ifndef STACKSWEEP_CPU_H
#define STACKSWEEP_CPU_H

#include "recorder.h"

// read_frame_regs reads the registers that e names (EFFECT_READ_*) from the engine. Each costs about ten
// nanoseconds, many times as much as the rest of the code hook: that is why effects are decided from the code.
void read_frame_regs(struct recorder *r, effect e, struct frame_regs *into);

// read_regs reads all general registers, SP and PSTATE, but not PC.
uc_err read_regs(struct recorder *r, struct regs *into);

// read_x reads the general register n, of which 31 is zero.
uint64_t read_x(struct recorder *r, uint32_t n);

// take_exception does what the CPU does on an exception from EL1h to EL1h with the given return address.
uc_err take_exception(struct recorder *r, uint64_t return_addr, uint64_t vector);

#endif
