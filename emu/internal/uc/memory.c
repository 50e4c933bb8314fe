// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <string.h>

struct region *find_region(struct recorder *r, uint64_t addr) {
    uint32_t low = 0, high = r->num_regions;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct region *g = &r->regions[middle];
        if (addr < g->base)
            high = middle;
        else if (addr - g->base >= g->size)
            low = middle + 1;
        else
            return g;
    }
    return NULL;
}

void forget_effects(struct region *g, uint64_t addr, uint64_t size) {
    if (!g->effects || !size)
        return;
    uint64_t first = (addr - g->base) / 4, last = (addr - g->base + size - 1) / 4;
    memset(&g->effects[first], 0, (last - first + 1) * sizeof(effect));
}

uint32_t word_at(struct recorder *r, uint64_t pc) {
    struct region *g = find_region(r, pc);
    uint32_t word = 0;
    if (g && region_holds(g, pc, 4))
        memcpy(&word, g->host + (pc - g->base), 4);
    return word;
}
