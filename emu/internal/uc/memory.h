// SPDX-License-Identifier: GPL-2.0-only
// Guest memory as the recorder sees it.
#ifndef STACKSWEEP_MEMORY_H
#define STACKSWEEP_MEMORY_H

#include "recorder.h"

static inline int region_holds(const struct region *g, uint64_t addr, uint64_t size) {
    uint64_t offset = addr - g->base;
    return offset < g->size && size <= g->size - offset;
}

// stored_by_hook reports whether the recorder does the guest's stores to g. To the engine g is then read-only: in
// memory that it takes for writable it looks for translated code at every store, which costs more than the store.
static inline int stored_by_hook(const struct region *g) {
    return g->perms & UC_PROT_WRITE && !(g->perms & UC_PROT_EXEC);
}

// find_region returns the region that holds addr, or NULL.
struct region *find_region(struct recorder *r, uint64_t addr);

// forget_effects must follow any change of the given bytes, which lie in g.
void forget_effects(struct region *g, uint64_t addr, uint64_t size);

// word_at returns the instruction at pc, 0 when there is none.
uint32_t word_at(struct recorder *r, uint64_t pc);

#endif
