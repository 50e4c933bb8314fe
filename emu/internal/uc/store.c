// SPDX-License-Identifier: GPL-2.0-only
#include "store.h"

#include <string.h>

#include "cpu.h"
#include "memory.h"
#include "outcome.h"

static uint64_t load_le(const uint8_t *host, uint32_t size) {
    uint64_t value = 0;
    memcpy(&value, host, size);
    return value;
}

static uint64_t low_bytes(uint64_t value, uint32_t size) {
    return size >= 8 ? value : value & ((UINT64_C(1) << (8 * size)) - 1);
}

static void log_store_in(struct recorder *r, struct region *g, uint64_t addr, uint32_t size, uint64_t value) {
    if (g->effects)
        forget_effects(g, addr, size);
    struct buffers *out = &r->out;
    if (!out->stores)
        return;
    if (out->num_stores >= out->max_stores || size > 8) { // STORE_ROOM was not enough, or the engine has grown
        stop_run(r, STOP_ENGINE);
        return;
    }
    struct store *s = &out->stores[out->num_stores++];
    s->step = out->steps - 1;
    s->size = (uint8_t)size;
    s->addr = addr;
    s->old_value = load_le(g->host + (addr - g->base), size);
    s->new_value = low_bytes(value, size);
    if (stores_nearly_full(out))
        set_stop_at(r, 0);
}

// log_store logs a store that is about to happen. Stores that will fault are left out.
static void log_store(struct recorder *r, uint64_t addr, uint32_t size, uint64_t value) {
    struct region *g = find_region(r, addr);
    if (!g)
        return;
    if (!region_holds(g, addr, size)) { // across two regions: byte by byte
        for (uint32_t i = 0; size > 1 && i < size; i++)
            log_store(r, addr + i, 1, value >> (8 * i));
        return;
    }
    if (g->perms & UC_PROT_WRITE)
        log_store_in(r, g, addr, size, value);
}

void on_store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    (void)uc;
    (void)type;
    struct recorder *r = user;
    if (!r->out.stores && !r->code_is_writable)
        return;
    if (r->pending & EFFECT_ZERO_BLOCK) // logged already; whether the engine announces its bytes depends on the version
        return;
    log_store(r, addr, (uint32_t)size, (uint64_t)value);
}

int is_logged(const struct recorder *r, uint64_t addr, uint32_t size, uint64_t value) {
    const struct buffers *out = &r->out;
    if (size != 1 || !out->stores)
        return 0;
    for (uint32_t i = out->num_stores; i-- && out->stores[i].step == out->steps - 1;) {
        const struct store *s = &out->stores[i];
        uint64_t offset = addr - s->addr;
        if (offset < s->size)
            return (uint8_t)(s->new_value >> (8 * offset)) == (uint8_t)value;
    }
    return 0;
}

void log_zero_block(struct recorder *r, uint32_t word) {
    uint64_t start = read_x(r, word & 31) & ~(r->zero_block - 1);
    for (uint64_t i = 0; i < r->zero_block; i += 8)
        log_store(r, start + i, 8, 0);
}

void take_back(struct recorder *r, uint32_t step) {
    struct buffers *out = &r->out;
    while (out->stores && out->num_stores && out->stores[out->num_stores - 1].step == step) {
        const struct store *s = &out->stores[--out->num_stores];
        struct region *g = find_region(r, s->addr);
        memcpy(g->host + (s->addr - g->base), &s->old_value, s->size);
        forget_effects(g, s->addr, s->size);
    }
}
