// SPDX-License-Identifier: GPL-2.0-only
// The log of loads.
#ifndef STACKSWEEP_LOAD_H
#define STACKSWEEP_LOAD_H

#include "recorder.h"

// on_load is the engine's hook for loads.
void on_load(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user);

#endif
