// SPDX-License-Identifier: GPL-2.0-only
// The log of stores.
#ifndef STACKSWEEP_STORE_H
#define STACKSWEEP_STORE_H

#include "recorder.h"

// The recorder stops before an instruction unless this many store entries are free. DC ZVA needs the most: a block
// has at most 2048 bytes, in pieces of 8. ST4 {.16B} has 64 pieces.
enum { STORE_ROOM = RECORDER_MIN_STORES };

static inline int stores_nearly_full(const struct buffers *out) {
    return out->stores && out->num_stores + STORE_ROOM > out->max_stores;
}

// on_store is the engine's hook for stores.
void on_store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user);

// is_logged reports whether a byte is among what the step's log says is stored. The engine repeats a store that lies
// across two pages byte by byte.
int is_logged(const struct recorder *r, uint64_t addr, uint32_t size, uint64_t value);

// log_zero_block logs what DC ZVA, the instruction in word, is about to store.
void log_zero_block(struct recorder *r, uint32_t word);

// take_back undoes the stores of the step that failed and removes them from the log.
void take_back(struct recorder *r, uint32_t step);

#endif
