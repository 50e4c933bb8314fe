// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "memory.h"

// make_engine makes the engine, which has no memory yet, and installs the hooks.
static uc_err make_engine(struct recorder *r) {
    uc_err err = uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &r->uc);
    if (err)
        return err;
    if ((err = uc_ctl_set_cpu_model(r->uc, UC_CPU_ARM64_MAX)) || (err = recorder_install_hooks(r)))
        return err;
    const struct sysreg dczid_el0 = {3, 3, 0, 0, 7};
    uint64_t dczid = 0;
    if ((err = recorder_get_sysreg(r, dczid_el0, &dczid)))
        return err;
    int prohibited = dczid >> 4 & 1;
    r->zero_block = prohibited ? 0 : UINT64_C(4) << (dczid & 15);
    if ((err = uc_context_alloc(r->uc, &r->reset)))
        return err;
    return uc_context_save(r->uc, r->reset);
}

static uc_err map_regions(struct recorder *r) {
    for (uint32_t i = 0; i < r->num_regions; i++) {
        struct region *g = &r->regions[i];
        uc_err err;
        if ((err = uc_mem_map_ptr(r->uc, g->base, g->size, g->perms, g->host)))
            return err;
        // Mapping it without the permission doesn't make the engine discard stores; taking it away does.
        if (stored_by_hook(g) && (err = uc_mem_protect(r->uc, g->base, g->size, g->perms & ~(uint32_t)UC_PROT_WRITE)))
            return err;
    }
    return UC_ERR_OK;
}

uc_err recorder_open(struct recorder *r, struct region *regions, uint32_t num_regions, uint64_t *loads,
                     uint32_t max_loads) {
    *r = (struct recorder){.uc = r->uc, .reset = r->reset, .zero_block = r->zero_block, .reuses = r->reuses};
    r->regions = regions;
    r->num_regions = num_regions;
    r->loads = max_loads ? loads : NULL;
    r->max_loads = max_loads;
    for (uint32_t i = 0; i < num_regions; i++) {
        if (regions[i].effects && regions[i].perms & UC_PROT_WRITE)
            r->code_is_writable = 1;
    }
    set_pace(r);
    uc_err err;
    if (!r->uc && (err = make_engine(r)))
        return err;
    return map_regions(r);
}

// can_be_reused reports whether the engine can be brought back to its beginning, and whether that takes less than
// another engine does. Unmapping takes about a microsecond per page. What an engine has translated takes memory until
// it is closed.
static int can_be_reused(const struct recorder *r) {
    const uint64_t most_memory = 1 << 21;
    const uint32_t most_reuses = 64;
    uint64_t memory = 0;
    for (uint32_t i = 0; i < r->num_regions; i++)
        memory += r->regions[i].size;
    int has_usual_hooks = !r->loads && !r->code_is_writable;
    return r->uc && r->reset && !r->failed && has_usual_hooks && memory <= most_memory && r->reuses < most_reuses;
}

int recorder_reset(struct recorder *r) {
    if (!can_be_reused(r))
        return 0;
    for (uint32_t i = 0; i < r->num_regions; i++) {
        const struct region *g = &r->regions[i];
        // The engine goes on executing what it has translated, if nobody tells it, even when other memory has been
        // mapped in its place.
        if (g->effects && uc_ctl_remove_cache(r->uc, g->base, g->base + g->size))
            return 0;
        if (uc_mem_unmap(r->uc, g->base, g->size))
            return 0;
    }
    r->reuses++;
    r->regions = NULL;
    r->num_regions = 0;
    return !uc_context_restore(r->uc, r->reset);
}

void recorder_close(struct recorder *r) {
    if (r->reset)
        uc_context_free(r->reset);
    if (r->uc)
        uc_close(r->uc);
    r->reset = NULL;
    r->uc = NULL;
}

uc_err recorder_code_changed(struct recorder *r, uint64_t addr, uint64_t size) {
    struct region *g = find_region(r, addr);
    if (!g || !g->effects || !size)
        return UC_ERR_OK;
    forget_effects(g, addr, size);
    return uc_ctl_remove_cache(r->uc, addr, addr + size);
}
