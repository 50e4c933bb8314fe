#include "recorder.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// An address where nothing is ever executed, for the engine's own "until", which is not reliable: blocks that
// are translated already ignore it. Stopping is the code hook's business.
static const uint64_t nowhere = 1;

// The recorder stops before an instruction unless this many store entries are free. DC ZVA needs the most: a block
// has at most 2048 bytes, in pieces of 8. ST4 {.16B} has 64 pieces.
enum { STORE_ROOM = RECORDER_MIN_STORES };

static const uint32_t pstate_nzcv = 0xf0000000, pstate_il = 1 << 20, pstate_daif = 0x3c0, pstate_mode = 0x1f;

// PSTATE.M of EL1 with SP_EL1, the only mode in which exceptions can be taken here.
enum { MODE_EL1H = 5 };

static void stop(struct recorder *r, enum stop_reason reason) {
    if (r->outcome.reason == STOP_NONE)
        r->outcome.reason = reason;
    r->stop_at = 0;
    uc_emu_stop(r->uc);
}

// ---- memory ----------------------------------------------------------------

static inline int region_holds(const struct region *g, uint64_t addr, uint64_t size) {
    uint64_t offset = addr - g->base;
    return offset < g->size && size <= g->size - offset;
}

// find_region returns the region that holds addr, or NULL.
static struct region *find_region(struct recorder *r, uint64_t addr) {
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

static void forget_effects(struct region *g, uint64_t addr, uint64_t size) {
    if (!g->effects || !size)
        return;
    uint64_t first = (addr - g->base) / 4, last = (addr - g->base + size - 1) / 4;
    memset(&g->effects[first], 0, (last - first + 1) * sizeof(effect));
}

// ---- stores ----------------------------------------------------------------

static uint64_t load_le(const uint8_t *host, uint32_t size) {
    uint64_t value = 0;
    memcpy(&value, host, size);
    return value;
}

static uint64_t low_bytes(uint64_t value, uint32_t size) {
    return size >= 8 ? value : value & ((UINT64_C(1) << (8 * size)) - 1);
}

static int stores_nearly_full(const struct buffers *out) {
    return out->stores && out->num_stores + STORE_ROOM > out->max_stores;
}

static void log_store_in(struct recorder *r, struct region *g, uint64_t addr, uint32_t size, uint64_t value) {
    if (g->effects)
        forget_effects(g, addr, size);
    struct buffers *out = &r->out;
    if (!out->stores)
        return;
    if (out->num_stores >= out->max_stores) { // STORE_ROOM was not enough
        stop(r, STOP_ENGINE);
        return;
    }
    struct store *s = &out->stores[out->num_stores++];
    s->step = out->steps - 1;
    s->size = (uint8_t)size;
    s->addr = addr;
    s->old_value = load_le(g->host + (addr - g->base), size);
    s->new_value = low_bytes(value, size);
    if (stores_nearly_full(out))
        r->stop_at = 0;
}

// log_store logs a store that is about to happen. Stores that will fault are left out.
static void log_store(struct recorder *r, uint64_t addr, uint32_t size, uint64_t value) {
    struct region *g = r->store_region;
    if (!region_holds(g, addr, size)) {
        g = find_region(r, addr);
        if (!g)
            return;
        if (!region_holds(g, addr, size)) { // across two regions: byte by byte
            for (uint32_t i = 0; size > 1 && i < size; i++)
                log_store(r, addr + i, 1, value >> (8 * i));
            return;
        }
        r->store_region = g;
    }
    if (g->perms & UC_PROT_WRITE)
        log_store_in(r, g, addr, size, value);
}

static void on_store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    (void)uc;
    (void)type;
    struct recorder *r = user;
    if (!r->out.stores && !r->code_is_writable)
        return;
    if (r->pending & EFFECT_ZERO_BLOCK) // logged already; whether the engine announces its bytes depends on the version
        return;
    log_store(r, addr, (uint32_t)size, (uint64_t)value);
}

static uint64_t read_x(struct recorder *r, uint32_t n) {
    uint64_t value = 0;
    if (n == 31)
        return 0;
    int id = n < 29 ? UC_ARM64_REG_X0 + (int)n : n == 29 ? UC_ARM64_REG_X29 : UC_ARM64_REG_X30;
    uc_reg_read(r->uc, id, &value);
    return value;
}

static void log_zero_block(struct recorder *r, uint32_t word) {
    uint64_t start = read_x(r, word & 31) & ~(r->zero_block - 1);
    for (uint64_t i = 0; i < r->zero_block; i += 8)
        log_store(r, start + i, 8, 0);
}

// take_back undoes the stores of the step that failed and removes them from the log.
static void take_back(struct recorder *r, uint32_t step) {
    struct buffers *out = &r->out;
    while (out->stores && out->num_stores && out->stores[out->num_stores - 1].step == step) {
        const struct store *s = &out->stores[--out->num_stores];
        struct region *g = find_region(r, s->addr);
        memcpy(g->host + (s->addr - g->base), &s->old_value, s->size);
        forget_effects(g, s->addr, s->size);
    }
}

// ---- registers -------------------------------------------------------------

// read_frame_regs reads the registers that e names from the engine. Each costs about ten nanoseconds, many times
// as much as the rest of the hook: that is why effects are decided from the code.
static void read_frame_regs(struct recorder *r, effect e, struct frame_regs *into) {
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

static void apply_effect(struct recorder *r, effect e) {
    struct frame_regs *now = &r->now;
    if (e & EFFECT_LINK)
        now->lr = r->last_pc + 4;
    if (e & EFFECT_SP_ADD)
        now->sp += (uint64_t)effect_imm(e);
    if (e & EFFECT_FP_FROM_SP)
        now->fp = now->sp + (uint64_t)effect_imm(e);
    if (e & EFFECT_SP_FROM_FP)
        now->sp = now->fp + (uint64_t)effect_imm(e);
    if (e & EFFECT_READ_ALL)
        read_frame_regs(r, e, now);
}

static void log_frame(struct recorder *r) {
    struct buffers *out = &r->out;
    struct frame_regs *f = &out->frames[out->num_frames++];
    // Field by field: a copy of the whole struct would wait for the stores that have just been made to it.
    f->step = out->steps;
    f->pstate = r->now.pstate;
    f->sp = r->now.sp;
    f->fp = r->now.fp;
    f->lr = r->now.lr;
}

// settle completes the previous instruction, now that it has been executed and control has arrived at pc.
static void settle(struct recorder *r, uint64_t pc) {
    effect e = r->pending;
    struct buffers *out = &r->out;
    r->pending = 0;
    if (out->frames) {
        const struct frame_regs *now = &r->now;
        uint64_t sp = now->sp, fp = now->fp, lr = now->lr;
        uint32_t pstate = now->pstate;
        apply_effect(r, e);
        int changed = sp != now->sp || fp != now->fp || lr != now->lr || pstate != now->pstate;
        if (changed && out->steps < out->max_steps)
            log_frame(r);
    } else if (e & EFFECT_KIND) {
        read_frame_regs(r, EFFECT_READ_SP | EFFECT_READ_FP | EFFECT_READ_LR, &r->now);
    }
    if (e & EFFECT_KIND && out->transfers) {
        struct transfer *t = &out->transfers[out->num_transfers++];
        t->step = out->steps - 1;
        t->kind = (uint8_t)effect_kind(e);
        t->to = pc;
        t->sp = r->now.sp;
        t->fp = r->now.fp;
        t->lr = r->now.lr;
    }
}

static uc_err read_all(struct recorder *r, struct regs *into) {
    int ids[33];
    void *values[33];
    uint64_t pstate = 0;
    for (int i = 0; i < 29; i++) {
        ids[i] = UC_ARM64_REG_X0 + i;
        values[i] = &into->x[i];
    }
    ids[29] = UC_ARM64_REG_X29, values[29] = &into->x[29];
    ids[30] = UC_ARM64_REG_X30, values[30] = &into->x[30];
    ids[31] = UC_ARM64_REG_SP, values[31] = &into->sp;
    ids[32] = UC_ARM64_REG_PSTATE, values[32] = &pstate;
    uc_err err = uc_reg_read_batch(r->uc, ids, values, 33);
    into->pstate = (uint32_t)pstate & (pstate_nzcv | pstate_daif | pstate_mode);
    return err;
}

// ---- hooks -----------------------------------------------------------------

static effect decide_effect(struct region *g, uint64_t offset) {
    uint32_t word;
    memcpy(&word, g->host + offset, sizeof word);
    return g->effects[offset / 4] = effect_of(word);
}

// word_index turns an offset into an index of instruction words. Misaligned offsets become huge.
static inline uint64_t word_index(uint64_t offset) { return offset >> 2 | offset << 62; }

// find_effect is look_up_effect for code outside of the region that was executed last.
static effect find_effect(struct recorder *r, uint64_t pc) {
    struct region *g = find_region(r, pc);
    if (pc % 4 != 0 || !g || !g->effects)
        return 0;
    r->code_region = g;
    return decide_effect(g, pc - g->base);
}

// look_up_effect returns the effect of the instruction at pc, 0 when there cannot be one.
static inline effect look_up_effect(struct recorder *r, uint64_t pc) {
    struct region *g = r->code_region;
    uint64_t index = word_index(pc - g->base);
    if (index >= g->size / 4 || !g->effects)
        return find_effect(r, pc);
    effect e = g->effects[index];
    return e ? e : decide_effect(g, pc - g->base);
}

static uint32_t word_at(struct recorder *r, uint64_t pc) {
    struct region *g = find_region(r, pc);
    uint32_t word = 0;
    if (g && region_holds(g, pc, 4))
        memcpy(&word, g->host + (pc - g->base), 4);
    return word;
}

static void on_code(uc_engine *uc, uint64_t pc, uint32_t size, void *user) {
    (void)uc;
    (void)size;
    struct recorder *r = user;
    struct buffers *out = &r->out;
    if (!r->running) // a stub is being executed
        return;
    if (r->pending)
        settle(r, pc);
    uint32_t step = out->steps;
    if (step >= r->stop_at || pc == r->until) {
        stop(r, pc == r->until ? STOP_UNTIL : STOP_FULL);
        return;
    }
    effect e = look_up_effect(r, pc);
    if (!e) {
        r->outcome.fault_addr = pc;
        r->outcome.fault_type = FAULT_MISALIGNED_PC;
        stop(r, STOP_FAULT);
        return;
    }
    out->steps = step + 1;
    r->last_pc = pc;
    if (out->pc)
        out->pc[step] = pc;
    if (out->full) {
        struct regs *full = &out->full[step];
        read_all(r, full);
        full->pc = pc;
    }
    e &= r->interest;
    if (e & EFFECT_ZERO_BLOCK && r->zero_block)
        log_zero_block(r, word_at(r, pc));
    r->pending = e;
}

// The engine's exception numbers that are looked at here (QEMU's target/arm/cpu.h).
enum { EXCEPTION_UNDEFINED = 1, EXCEPTION_PREFETCH_ABORT = 3, EXCEPTION_BREAKPOINT = 7 };

// on_bad_access keeps the first bad access of an instruction; DC ZVA goes on and has more.
static bool on_bad_access(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    (void)uc;
    (void)size;
    (void)value;
    struct recorder *r = user;
    if (r->outcome.reason == STOP_NONE) {
        r->outcome.reason = STOP_FAULT;
        r->outcome.fault_type = type;
        r->outcome.fault_addr = addr;
        r->stop_at = 0;
    }
    return false;
}

static void on_exception(uc_engine *uc, uint32_t number, void *user) {
    (void)uc;
    struct recorder *r = user;
    r->outcome.exception = number;
    stop(r, number == EXCEPTION_UNDEFINED ? STOP_INVALID : STOP_EXCEPTION);
}

// ---- runs ------------------------------------------------------------------

static uc_err read_sysreg(uc_engine *uc, struct sysreg name, uint64_t *value) {
    uc_arm64_cp_reg reg = {.crn = name.crn, .crm = name.crm, .op0 = name.op0, .op1 = name.op1, .op2 = name.op2};
    uc_err err = uc_reg_read(uc, UC_ARM64_REG_CP_REG, &reg);
    *value = reg.val;
    return err;
}

static uc_err write_sysreg(uc_engine *uc, struct sysreg name, uint64_t value) {
    uc_arm64_cp_reg reg = {
        .crn = name.crn, .crm = name.crm, .op0 = name.op0, .op1 = name.op1, .op2 = name.op2, .val = value};
    return uc_reg_write(uc, UC_ARM64_REG_CP_REG, &reg);
}

static const struct sysreg spsr_el1 = {3, 0, 4, 0, 0}, elr_el1 = {3, 0, 4, 0, 1}, esr_el1 = {3, 0, 5, 2, 0};
static const struct sysreg dczid_el0 = {3, 3, 0, 0, 7};

// take_exception does what the CPU does on an exception from EL1h to EL1h with the given return address.
static uc_err take_exception(struct recorder *r, uint64_t return_addr, uint64_t vector) {
    uint64_t pstate = 0;
    uc_err err = uc_reg_read(r->uc, UC_ARM64_REG_PSTATE, &pstate);
    if (err)
        return err;
    if ((pstate & pstate_mode) != MODE_EL1H)
        return UC_ERR_EXCEPTION;
    // The engine lets kernel addresses pass with the MMU off only as long as it takes EL1's translation regime for
    // AArch32 (HCR_EL2.RW is clear), and for the same reason every ERET sets PSTATE.IL. It has no other consequence.
    pstate &= ~(uint64_t)pstate_il;
    if ((err = write_sysreg(r->uc, elr_el1, return_addr)) || (err = write_sysreg(r->uc, spsr_el1, pstate)))
        return err;
    pstate |= pstate_daif;
    if ((err = uc_reg_write(r->uc, UC_ARM64_REG_PSTATE, &pstate)))
        return err;
    r->pc = vector;
    return UC_ERR_OK;
}

// vectored goes on at the exception vectors after a BRK, where vectors are configured.
static int vectored(struct recorder *r) {
    const uint64_t sync_el1h = 0x200, esr_brk64 = UINT64_C(0x3c) << 26 | 1 << 25;
    uint32_t word = word_at(r, r->last_pc);
    if (r->outcome.reason != STOP_EXCEPTION || r->outcome.exception != EXCEPTION_BREAKPOINT || !r->vectors)
        return 0;
    uint64_t brk_pc = r->last_pc;
    if (write_sysreg(r->uc, esr_el1, esr_brk64 | (word >> 5 & 0xffff)))
        return 0;
    if (take_exception(r, brk_pc, r->vectors + sync_el1h))
        return 0;
    memset(&r->outcome, 0, sizeof r->outcome);
    r->stop_at = stores_nearly_full(&r->out) ? 0 : r->out.max_steps;
    r->pending = (EFFECT_READ_PSTATE | (effect)TRANSFER_EXCEPTION << EFFECT_KIND_SHIFT) & r->interest;
    return 1;
}

// waited goes on after a WFI, at which the engine gives up: a wait may end at any time, so it ends at once.
static int waited(struct recorder *r) {
    const uint32_t wfi = 0xd503207f;
    if (r->outcome.reason != STOP_NONE || r->outcome.error || !r->out.steps || word_at(r, r->last_pc) != wfi)
        return 0;
    r->pc = r->last_pc + 4;
    return 1;
}

// fetch_failed tells failures of an instruction that could not even be fetched from those of the last one logged.
static int fetch_failed(const struct outcome *o) {
    switch (o->reason) {
    case STOP_FAULT:
        return o->fault_type == UC_MEM_FETCH_UNMAPPED || o->fault_type == UC_MEM_FETCH_PROT ||
               o->fault_type == FAULT_MISALIGNED_PC;
    case STOP_EXCEPTION:
        return o->exception == EXCEPTION_PREFETCH_ABORT;
    default:
        return 0;
    }
}

static void classify_error(struct recorder *r) {
    struct outcome *o = &r->outcome;
    if (o->error == UC_ERR_OK && o->reason == STOP_NONE && r->pc == nowhere) {
        o->reason = STOP_FAULT;
        o->fault_addr = nowhere;
        o->fault_type = FAULT_MISALIGNED_PC;
    }
    if (o->reason != STOP_NONE && o->reason != STOP_UNTIL && o->reason != STOP_FULL)
        return;
    switch (o->error) {
    case UC_ERR_OK:
        if (o->reason == STOP_NONE)
            o->reason = STOP_ENGINE;
        return;
    case UC_ERR_INSN_INVALID:
        o->reason = STOP_INVALID;
        return;
    case UC_ERR_EXCEPTION:
        o->reason = STOP_EXCEPTION;
        return;
    default:
        o->reason = STOP_ENGINE;
    }
}

static void begin(struct recorder *r, uint64_t until) {
    struct buffers *out = &r->out;
    memset(&r->outcome, 0, sizeof r->outcome);
    out->steps = out->num_stores = out->num_frames = out->num_transfers = 0;
    r->running = 1;
    r->until = until;
    r->stop_at = out->max_steps;
    r->pending = 0;
    r->interest = out->frames ? ~(effect)EFFECT_DECIDED : EFFECT_KIND;
    if (out->frames) {
        read_frame_regs(r, EFFECT_READ_ALL, &r->now);
        log_frame(r);
    }
}

// finish leaves the log and r->pc at the end of the last instruction that was completed.
static void finish(struct recorder *r) {
    struct buffers *out = &r->out;
    classify_error(r);
    int failed = r->outcome.reason != STOP_UNTIL && r->outcome.reason != STOP_FULL;
    int cut_short = failed && !fetch_failed(&r->outcome);
    if (failed && !cut_short && r->pending)
        settle(r, r->pc);
    if (cut_short && out->steps) {
        out->steps--;
        take_back(r, out->steps);
        r->pc = r->last_pc;
        r->outcome.word = word_at(r, r->pc);
    }
    if (out->frames) {
        struct frame_regs actual = r->now;
        read_frame_regs(r, EFFECT_READ_ALL, &actual);
        if (!cut_short && memcmp(&actual, &r->now, sizeof actual))
            r->outcome.reason = STOP_LOST;
        while (out->num_frames && out->frames[out->num_frames - 1].step >= out->steps)
            out->num_frames--;
    }
    r->running = 0;
}

void recorder_run(struct recorder *r, uint64_t until, uint32_t max_steps, uint32_t max_stores, uint64_t *pc,
                  struct store *stores, struct frame_regs *frames, struct transfer *transfers, struct regs *full) {
    r->out = (struct buffers){.pc = pc,
                              .stores = stores,
                              .frames = frames,
                              .transfers = transfers,
                              .full = full,
                              .max_steps = max_steps,
                              .max_stores = max_stores};
    begin(r, until);
    do {
        r->outcome.error = uc_emu_start(r->uc, r->pc, nowhere, 0, 0);
        uc_reg_read(r->uc, UC_ARM64_REG_PC, &r->pc);
    } while (vectored(r) || waited(r));
    finish(r);
    r->out.pc = NULL, r->out.stores = NULL, r->out.frames = NULL, r->out.transfers = NULL, r->out.full = NULL;
}

// ---- between runs ----------------------------------------------------------

uc_err recorder_open(struct recorder *r, struct region *regions, uint32_t num_regions) {
    static struct region none;
    memset(r, 0, sizeof *r);
    r->regions = regions;
    r->num_regions = num_regions;
    r->code_region = r->store_region = &none;

    uc_err err = uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &r->uc);
    if (err)
        return err;
    if ((err = uc_ctl_set_cpu_model(r->uc, UC_CPU_ARM64_MAX)))
        return err;
    for (uint32_t i = 0; i < num_regions; i++) {
        struct region *g = &regions[i];
        if ((err = uc_mem_map_ptr(r->uc, g->base, g->size, g->perms, g->host)))
            return err;
        if (g->effects && g->perms & UC_PROT_WRITE)
            r->code_is_writable = 1;
    }

    // Hooks that come after a translation do not apply to it, so all of them are installed before anything runs.
    uc_hook hook;
    if ((err = uc_hook_add(r->uc, &hook, UC_HOOK_CODE, (void *)on_code, r, 1, 0)) ||
        (err = uc_hook_add(r->uc, &hook, UC_HOOK_MEM_WRITE, (void *)on_store, r, 1, 0)) ||
        (err = uc_hook_add(r->uc, &hook, UC_HOOK_MEM_INVALID, (void *)on_bad_access, r, 1, 0)) ||
        (err = uc_hook_add(r->uc, &hook, UC_HOOK_INTR, (void *)on_exception, r, 1, 0)))
        return err;

    uint64_t dczid = 0;
    if ((err = read_sysreg(r->uc, dczid_el0, &dczid)))
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

uc_err recorder_get_regs(struct recorder *r, struct regs *regs) {
    uc_err err = read_all(r, regs);
    regs->pc = r->pc;
    return err;
}

uc_err recorder_set_regs(struct recorder *r, const struct regs *regs) {
    int ids[33];
    void *values[33];
    uint64_t pstate = 0;
    uc_err err = uc_reg_read(r->uc, UC_ARM64_REG_PSTATE, &pstate);
    if (err)
        return err;
    uint64_t settable = pstate_nzcv | pstate_daif;
    pstate = (pstate & ~settable) | (regs->pstate & settable);
    for (int i = 0; i < 29; i++) {
        ids[i] = UC_ARM64_REG_X0 + i;
        values[i] = (void *)&regs->x[i];
    }
    ids[29] = UC_ARM64_REG_X29, values[29] = (void *)&regs->x[29];
    ids[30] = UC_ARM64_REG_X30, values[30] = (void *)&regs->x[30];
    ids[31] = UC_ARM64_REG_SP, values[31] = (void *)&regs->sp;
    ids[32] = UC_ARM64_REG_PSTATE, values[32] = &pstate;
    r->pc = regs->pc;
    return uc_reg_write_batch(r->uc, ids, values, 33);
}

uc_err recorder_get_sysreg(struct recorder *r, struct sysreg name, uint64_t *value) {
    return read_sysreg(r->uc, name, value);
}

uc_err recorder_set_sysreg(struct recorder *r, struct sysreg name, uint64_t value) {
    return write_sysreg(r->uc, name, value);
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
    uc_err unmapped = uc_mem_unmap(r->uc, page, page_size);
    uc_err restored = recorder_set_regs(r, &before);
    return err ? err : unmapped ? unmapped : restored;
}
