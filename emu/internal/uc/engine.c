// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "memory.h"

uc_err recorder_open(struct recorder *r, struct region *regions, uint32_t num_regions, uint64_t *loads,
                     uint32_t max_loads) {
    memset(r, 0, sizeof *r);
    r->regions = regions;
    r->num_regions = num_regions;
    r->loads = max_loads ? loads : NULL;
    r->max_loads = max_loads;
    set_pace(r);

    uc_err err = uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &r->uc);
    if (err)
        return err;
    if ((err = uc_ctl_set_cpu_model(r->uc, UC_CPU_ARM64_MAX)))
        return err;
    for (uint32_t i = 0; i < num_regions; i++) {
        struct region *g = &regions[i];
        if ((err = uc_mem_map_ptr(r->uc, g->base, g->size, g->perms, g->host)))
            return err;
        // Mapping it without the permission doesn't make the engine discard stores; taking it away does.
        if (stored_by_hook(g) && (err = uc_mem_protect(r->uc, g->base, g->size, g->perms & ~(uint32_t)UC_PROT_WRITE)))
            return err;
        if (g->effects && g->perms & UC_PROT_WRITE)
            r->code_is_writable = 1;
    }

    if ((err = recorder_install_hooks(r)))
        return err;

    const struct sysreg dczid_el0 = {3, 3, 0, 0, 7};
    uint64_t dczid = 0;
    if ((err = recorder_get_sysreg(r, dczid_el0, &dczid)))
        return err;
    int prohibited = dczid >> 4 & 1;
    r->zero_block = prohibited ? 0 : UINT64_C(4) << (dczid & 15);
    return UC_ERR_OK;
}

void recorder_close(struct recorder *r) {
    if (r->uc)
        uc_close(r->uc);
    r->uc = NULL;
}

uc_err recorder_code_changed(struct recorder *r, uint64_t addr, uint64_t size) {
    struct region *g = find_region(r, addr);
    if (!g || !g->effects || !size)
        return UC_ERR_OK;
    forget_effects(g, addr, size);
    return uc_ctl_remove_cache(r->uc, addr, addr + size);
}
