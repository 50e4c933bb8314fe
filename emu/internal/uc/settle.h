// SPDX-License-Identifier: GPL-2.0-only
// What an instruction has done to the frame registers and to control.
#ifndef STACKSWEEP_SETTLE_H
#define STACKSWEEP_SETTLE_H

#include "recorder.h"

// settle completes the previous instruction, now that it has been executed and control has arrived at pc.
void settle(struct recorder *r, uint64_t pc);

// log_frame logs the frame registers of the next step.
void log_frame(struct recorder *r);

// watch_branch gives an instruction that is executed while X30 is linked a kind, should it be a branch.
effect watch_branch(struct recorder *r, effect e);

#endif
