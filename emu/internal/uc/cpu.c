// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"

#include <string.h>

static const uint32_t pstate_nzcv = 0xf0000000, pstate_il = 1 << 20, pstate_daif = 0x3c0, pstate_mode = 0x1f;

// PSTATE.M of EL1 with SP_EL1, the only mode in which exceptions can be taken here.
enum { MODE_EL1H = 5 };

void read_frame_regs(struct recorder *r, effect e, struct frame_regs *into) {
    int ids[4];
    void *values[4];
    int n = 0;
    uint64_t pstate = 0;
    if (e & EFFECT_READ_SP)
        ids[n] = UC_ARM64_REG_SP, values[n++] = &into->sp;
    if (e & EFFECT_READ_FP)
        ids[n] = UC_ARM64_REG_X29, values[n++] = &into->fp;
    if (e & EFFECT_READ_LR)
        ids[n] = UC_ARM64_REG_X30, values[n++] = &into->lr;
    if (e & EFFECT_READ_PSTATE)
        ids[n] = UC_ARM64_REG_PSTATE, values[n++] = &pstate;
    uc_reg_read_batch(r->uc, ids, values, n);
    if (e & EFFECT_READ_PSTATE)
        into->pstate = (uint32_t)pstate & (pstate_daif | pstate_mode);
}

static int x_id(uint32_t n) {
    return n < 29 ? UC_ARM64_REG_X0 + (int)n : n == 29 ? UC_ARM64_REG_X29 : UC_ARM64_REG_X30;
}

uint64_t read_x(struct recorder *r, uint32_t n) {
    uint64_t value = 0;
    if (n < 31)
        uc_reg_read(r->uc, x_id(n), &value);
    return value;
}

// The arguments of a batch that moves all of struct regs but PC.
struct regs_batch {
    int ids[33];
    void *values[33];
};

static struct regs_batch batch_of(struct regs *regs) {
    struct regs_batch b;
    for (uint32_t i = 0; i < 31; i++) {
        b.ids[i] = x_id(i);
        b.values[i] = &regs->x[i];
    }
    b.ids[31] = UC_ARM64_REG_SP, b.values[31] = &regs->sp;
    b.ids[32] = UC_ARM64_REG_PSTATE, b.values[32] = &regs->pstate;
    return b;
}

uc_err read_regs(struct recorder *r, struct regs *into) {
    struct regs_batch b = batch_of(into);
    into->pstate = 0; // the engine writes 32 bits
    uc_err err = uc_reg_read_batch(r->uc, b.ids, b.values, 33);
    into->pstate &= pstate_nzcv | pstate_daif | pstate_mode;
    return err;
}

uc_err recorder_get_regs(struct recorder *r, struct regs *regs) {
    uc_err err = read_regs(r, regs);
    regs->pc = r->pc;
    return err;
}

uc_err recorder_set_regs(struct recorder *r, const struct regs *regs) {
    const uint64_t settable = pstate_nzcv | pstate_daif;
    uint64_t pstate = 0;
    uc_err err = uc_reg_read(r->uc, UC_ARM64_REG_PSTATE, &pstate);
    if (err)
        return err;
    struct regs wanted = *regs;
    wanted.pstate = (pstate & ~settable) | (regs->pstate & settable);
    struct regs_batch b = batch_of(&wanted);
    r->pc = regs->pc;
    return uc_reg_write_batch(r->uc, b.ids, b.values, 33);
}

uc_err recorder_get_sysreg(struct recorder *r, struct sysreg name, uint64_t *value) {
    uc_arm64_cp_reg reg = {.crn = name.crn, .crm = name.crm, .op0 = name.op0, .op1 = name.op1, .op2 = name.op2};
    uc_err err = uc_reg_read(r->uc, UC_ARM64_REG_CP_REG, &reg);
    *value = reg.val;
    return err;
}

uc_err recorder_set_sysreg(struct recorder *r, struct sysreg name, uint64_t value) {
    uc_arm64_cp_reg reg = {
        .crn = name.crn, .crm = name.crm, .op0 = name.op0, .op1 = name.op1, .op2 = name.op2, .val = value};
    return uc_reg_write(r->uc, UC_ARM64_REG_CP_REG, &reg);
}

static const struct sysreg spsr_el1 = {3, 0, 4, 0, 0}, elr_el1 = {3, 0, 4, 0, 1};

uc_err take_exception(struct recorder *r, uint64_t return_addr, uint64_t vector) {
    r->linked = 0;
    set_pace(r);
    uint64_t pstate = 0;
    uc_err err = uc_reg_read(r->uc, UC_ARM64_REG_PSTATE, &pstate);
    if (err)
        return err;
    if ((pstate & pstate_mode) != MODE_EL1H)
        return UC_ERR_EXCEPTION;
    // The engine lets kernel addresses pass with the MMU off only as long as it takes EL1's translation regime for
    // AArch32 (HCR_EL2.RW is clear), and for the same reason every ERET sets PSTATE.IL. It has no other consequence.
    pstate &= ~(uint64_t)pstate_il;
    if ((err = recorder_set_sysreg(r, elr_el1, return_addr)) || (err = recorder_set_sysreg(r, spsr_el1, pstate)))
        return err;
    pstate |= pstate_daif;
    if ((err = uc_reg_write(r->uc, UC_ARM64_REG_PSTATE, &pstate)))
        return err;
    r->pc = vector;
    return UC_ERR_OK;
}

uc_err recorder_enter(struct recorder *r, uint64_t vector) { return take_exception(r, r->pc, vector); }

// free_page returns the address of a page that belongs to no region.
static uint64_t free_page(const struct recorder *r, uint64_t page_size) {
    uint64_t page = page_size;
    for (uint32_t i = 0; i < r->num_regions; i++) { // sorted
        const struct region *g = &r->regions[i];
        if (page + page_size <= g->base)
            break;
        if (page < g->base + g->size)
            page = g->base + g->size;
    }
    return page;
}

uc_err recorder_run_stub(struct recorder *r, const uint32_t *words, uint32_t num_words, const uint64_t *x, uint32_t n) {
    const uint64_t page_size = 4096;
    uint64_t page = free_page(r, page_size);
    struct regs before;
    uc_err err = recorder_get_regs(r, &before);
    if (err)
        return err;
    if ((err = uc_mem_map(r->uc, page, page_size, UC_PROT_READ | UC_PROT_EXEC)))
        return err;
    struct regs preset = before;
    memcpy(preset.x, x, n * sizeof *x);
    memset(&r->outcome, 0, sizeof r->outcome);
    if (!(err = recorder_set_regs(r, &preset)) && !(err = uc_mem_write(r->uc, page, words, num_words * 4u)))
        err = uc_emu_start(r->uc, page, page + num_words * 4u, 0, 0);
    if (!err && r->outcome.reason != STOP_NONE)
        err = UC_ERR_EXCEPTION;
    uc_ctl_remove_cache(r->uc, page, page + page_size);
    uc_err unmapped = uc_mem_unmap(r->uc, page, page_size);
    uc_err restored = recorder_set_regs(r, &before);
    return err ? err : unmapped ? unmapped : restored;
}
