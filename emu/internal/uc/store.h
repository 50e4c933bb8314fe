// SPDX-License-Identifier: GPL-2.0-only
// The log of stores.
#ifndef STACKSWEEP_STORE_H
#define STACKSWEEP_STORE_H

#include <string.h>

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

// can_log_quickly reports whether a store is one of those of which store_quickly takes care. Of DC ZVA's, all is logged
// already, and of those that the engine repeats, which may be all single bytes but the first of an instruction.
static inline int can_log_quickly(const struct recorder *r, int size) {
    const struct buffers *out = &r->out;
    uint32_t n = out->num_stores;
    if (size != 8 && size != 4 && size != 2 && size != 1)
        return 0;
    if (!out->stores)
        return 1;
    if (r->pending & EFFECT_ZERO_BLOCK || n + STORE_ROOM >= out->max_stores)
        return 0;
    return size > 1 || !n || out->stores[n - 1].step != out->steps - 1;
}

// store_quickly logs a store and does it at host, as if by log_store.
static inline void store_quickly(struct recorder *r, uint64_t addr, int size, uint8_t *host, uint64_t value) {
    struct buffers *out = &r->out;
    struct store unwanted, *s = out->stores ? &out->stores[out->num_stores++] : &unwanted;
    s->step = out->steps - 1;
    s->size = (uint8_t)size;
    s->addr = addr;
    switch (size) { // in pieces of a known size, which need no call
    case 8:
        memcpy(&s->old_value, host, 8);
        memcpy(host, &value, 8);
        s->new_value = value;
        break;
    case 4: {
        uint32_t old;
        memcpy(&old, host, 4);
        memcpy(host, &value, 4);
        s->old_value = old;
        s->new_value = (uint32_t)value;
        break;
    }
    case 2: {
        uint16_t old;
        memcpy(&old, host, 2);
        memcpy(host, &value, 2);
        s->old_value = old;
        s->new_value = (uint16_t)value;
        break;
    }
    default:
        s->old_value = *host;
        *host = (uint8_t)value;
        s->new_value = (uint8_t)value;
    }
}

// log_zero_block logs what DC ZVA, the instruction in word, is about to store.
void log_zero_block(struct recorder *r, uint32_t word);

// take_back undoes the stores of the step that failed and removes them from the log.
void take_back(struct recorder *r, uint32_t step);

#endif
