// SPDX-License-Identifier: GPL-2.0-only
// Synchronous exceptions that the guest takes itself.
#ifndef STACKSWEEP_EXCEPTION_H
#define STACKSWEEP_EXCEPTION_H

#include "recorder.h"

// vectored goes on at the exception vectors after a BRK, and after a data abort if those are wanted, where vectors are
// configured. The engine leaves the registers as they were before an instruction that aborts; what it has stored is
// taken back, so that the instruction has had no effect.
int vectored(struct recorder *r);

#endif
