// SPDX-License-Identifier: GPL-2.0-only
#include "load.h"

void on_load(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    (void)uc;
    (void)type;
    (void)value;
    struct recorder *r = user;
    for (uint64_t word = addr & ~UINT64_C(7); r->running && word < addr + (uint64_t)size; word += 8) {
        if (r->num_loads < r->max_loads)
            r->loads[r->num_loads] = word;
        if (r->num_loads <= r->max_loads)
            r->num_loads++;
    }
}
