// SPDX-License-Identifier: GPL-2.0-only
#include "bare.h"

#include <string.h>

static void count(uc_engine *uc, uint64_t pc, uint32_t size, void *user) {
    (void)pc;
    (void)size;
    struct bare *b = user;
    if (b->steps++ >= b->limit)
        uc_emu_stop(uc);
}

static void note(uc_engine *uc, uint64_t pc, uint32_t size, void *user) {
    (void)size;
    struct bare *b = user;
    if (b->steps >= b->limit)
        uc_emu_stop(uc);
    b->pc[b->steps++ % BARE_PCS] = pc;
}

static bool store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    (void)uc;
    (void)type;
    (void)size;
    struct bare *b = user;
    memcpy(b->data + (addr - b->data_base), &value, 8);
    return true;
}

uc_err bare_open(struct bare *b, uint64_t code_base, uint8_t *code, uint64_t code_size, uint64_t data_base,
                 uint8_t *data, uint64_t data_size, uint64_t *pc, int stores) {
    uc_hook hook;
    uc_err err;
    b->pc = pc;
    b->data_base = data_base;
    b->data = data;
    if ((err = uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &b->uc)) ||
        (err = uc_ctl_set_cpu_model(b->uc, UC_CPU_ARM64_MAX)) ||
        (err = uc_mem_map_ptr(b->uc, code_base, code_size, UC_PROT_READ | UC_PROT_EXEC, code)) ||
        (err = uc_mem_map_ptr(b->uc, data_base, data_size, UC_PROT_READ | UC_PROT_WRITE, data)))
        return err;
    if (stores && ((err = uc_mem_protect(b->uc, data_base, data_size, UC_PROT_READ)) ||
                   (err = uc_hook_add(b->uc, &hook, UC_HOOK_MEM_WRITE_PROT, (void *)store, b, 1, 0))))
        return err;
    return uc_hook_add(b->uc, &hook, UC_HOOK_CODE, pc ? (void *)note : (void *)count, b, 1, 0);
}

uc_err bare_run(struct bare *b, uint64_t from, uint64_t instructions) {
    const uint64_t nowhere = 1;
    uc_err err = uc_reg_write(b->uc, UC_ARM64_REG_X0, &b->data_base);
    if (err)
        return err;
    b->steps = 0;
    b->limit = instructions;
    return uc_emu_start(b->uc, from, nowhere, 0, 0);
}
