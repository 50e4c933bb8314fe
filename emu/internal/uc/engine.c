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

static uint32_t without_write(const struct region *g) { return g->perms & ~(uint32_t)UC_PROT_WRITE; }

static uc_err map_regions(struct recorder *r) {
    for (uint32_t i = 0; i < r->num_regions; i++) {
        struct region *g = &r->regions[i];
        uc_err err;
        if ((err = uc_mem_map_ptr(r->uc, g->base, g->size, g->perms, g->host)))
            return err;
        // Mapping it without the permission doesn't make the engine discard stores; taking it away does.
        if (stored_by_hook(g) && (err = uc_mem_protect(r->uc, g->base, g->size, without_write(g))))
            return err;
    }
    return UC_ERR_OK;
}

uc_err recorder_open(struct recorder *r, struct region *regions, uint32_t num_regions, uint64_t *loads,
                     uint32_t max_loads) {
    memset(r, 0, sizeof *r);
    r->regions = regions;
    r->num_regions = num_regions;
    r->loads = max_loads ? loads : NULL;
    r->max_loads = max_loads;
    for (uint32_t i = 0; i < num_regions; i++) {
        if (regions[i].effects && regions[i].perms & UC_PROT_WRITE)
            r->code_is_writable = 1;
    }
    set_pace(r);
    uc_err err = make_engine(r);
    return err ? err : map_regions(r);
}

// forget_pages makes the engine forget what it has found that pages may be used for: one that may be executed it takes
// for readable from then on. It does so, for all pages, when a page becomes writable or ceases to be.
static int forget_pages(struct recorder *r) {
    for (uint32_t i = 0; i < r->num_regions; i++) {
        const struct region *g = &r->regions[i];
        if (stored_by_hook(g))
            return !uc_mem_protect(r->uc, g->base, g->size, g->perms) &&
                   !uc_mem_protect(r->uc, g->base, g->size, without_write(g));
    }
    return 0;
}

int recorder_reset(struct recorder *r) {
    const uint32_t most_reuses = 64; // each may leave translated code behind that is never executed again
    if (!r->reset || r->failed || r->reuses >= most_reuses || !forget_pages(r) || uc_context_restore(r->uc, r->reset))
        return 0;
    *r = (struct recorder){
        .uc = r->uc,
        .reset = r->reset,
        .reuses = r->reuses + 1,
        .regions = r->regions,
        .num_regions = r->num_regions,
        .loads = r->loads,
        .max_loads = r->max_loads,
        .code_is_writable = r->code_is_writable,
        .zero_block = r->zero_block,
    };
    set_pace(r);
    return 1;
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
