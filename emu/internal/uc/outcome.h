// SPDX-License-Identifier: GPL-2.0-only
// Why a run ends.
#ifndef STACKSWEEP_OUTCOME_H
#define STACKSWEEP_OUTCOME_H

#include "recorder.h"

// An address where nothing is ever executed, for the engine's own "until", which is not reliable: blocks that
// are translated already ignore it. Stopping is the code hook's business.
static const uint64_t nowhere = 1;

// The engine's exception numbers that are looked at here (QEMU's target/arm/cpu.h).
enum { EXCEPTION_UNDEFINED = 1, EXCEPTION_PREFETCH_ABORT = 3, EXCEPTION_BREAKPOINT = 7 };

// stop_run ends the run before the next instruction. The first reason counts.
void stop_run(struct recorder *r, enum stop_reason reason);

// fetch_failed tells failures of an instruction that could not even be fetched from those of the last one logged.
int fetch_failed(const struct outcome *o);

// classify_error turns the engine's error into the reason why the run has ended.
void classify_error(struct recorder *r);

#endif
