// SPDX-License-Identifier: GPL-2.0-only
#include "recorder.h"

#include <string.h>

#include "cpu.h"
#include "exception.h"
#include "load.h"
#include "memory.h"
#include "outcome.h"
#include "settle.h"
#include "store.h"

// ---- hooks -----------------------------------------------------------------

static effect decide_effect(struct region *g, uint64_t offset) {
    uint32_t word;
    memcpy(&word, g->host + offset, sizeof word);
    return g->effects[offset / 4] = effect_of(word);
}

// word_index turns an offset into an index of instruction words. Misaligned offsets become huge.
static inline uint64_t word_index(uint64_t offset) { return offset >> 2 | offset << 62; }

// look_up_effect returns the effect of the instruction at pc, 0 when there cannot be one.
static effect look_up_effect(struct recorder *r, uint64_t pc) {
    struct region *g = find_region(r, pc);
    if (pc % 4 != 0 || !g || !g->effects)
        return 0;
    r->code = (struct recent_code){.base = g->base, .words = g->size / 4, .effects = g->effects};
    effect e = g->effects[(pc - g->base) / 4];
    return e ? e : decide_effect(g, pc - g->base);
}

// log_step logs the instruction at pc, which is about to be executed, as step.
static inline void log_step(struct recorder *r, uint32_t step, uint64_t pc, effect e) {
    struct buffers *out = &r->out;
    out->pc[step] = pc;
    out->steps = step + 1;
    r->pending = e & r->interest;
}

// step_slowly is on_code for any instruction.
static __attribute__((noinline)) void step_slowly(struct recorder *r, uint64_t pc) {
    struct buffers *out = &r->out;
    if (!r->running) // a stub is being executed
        return;
    uint32_t step = out->steps;
    if (step >= r->stop_at || pc == r->until) {
        stop_run(r, pc == r->until ? STOP_UNTIL : STOP_FULL);
        return;
    }
    effect e = look_up_effect(r, pc);
    if (!e) {
        r->outcome.fault_addr = pc;
        r->outcome.fault_type = FAULT_MISALIGNED_PC;
        stop_run(r, STOP_FAULT);
        return;
    }
    log_step(r, step, pc, e);
    if (out->full) {
        struct regs *full = &out->full[step];
        read_regs(r, full);
        full->pc = pc;
    }
    if (r->pending & EFFECT_ZERO_BLOCK && r->zero_block)
        log_zero_block(r, word_at(r, pc));
    if (r->linked)
        r->pending |= watch_branch(r, e);
}

// step_quickly is on_code once the instruction before is settled. Most instructions need nothing but to be logged.
static inline void step_quickly(struct recorder *r, uint64_t pc) {
    uint32_t step = r->out.steps;
    uint64_t index = word_index(pc - r->code.base);
    if (step >= r->quick_until || index >= r->code.words) {
        step_slowly(r, pc);
        return;
    }
    effect e = r->code.effects[index];
    if ((e & (EFFECT_DECIDED | EFFECT_ZERO_BLOCK)) != EFFECT_DECIDED) {
        step_slowly(r, pc);
        return;
    }
    log_step(r, step, pc, e);
}

static __attribute__((noinline)) void settle_and_step(struct recorder *r, uint64_t pc) {
    settle(r, pc);
    step_quickly(r, pc);
}

// on_code is the engine's hook for instructions. It has no calls but at its end, and so no registers to save.
static void on_code(uc_engine *uc, uint64_t pc, uint32_t size, void *user) {
    (void)uc;
    (void)size;
    struct recorder *r = user;
    if (r->pending)
        settle_and_step(r, pc);
    else
        step_quickly(r, pc);
}

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
        set_stop_at(r, 0);
    }
    return false;
}

// store_slowly is on_protected_store for any store.
static __attribute__((noinline)) bool store_slowly(struct recorder *r, uc_mem_type type, uint64_t addr, int size,
                                                   int64_t value) {
    struct region *g = find_region(r, addr);
    if (!g || !stored_by_hook(g))
        return on_bad_access(r->uc, type, addr, size, value, r);
    if (!r->code_is_writable) {
        r->store = (struct recent_store){.base = g->base, .span = g->size - 7, .host = g->host};
        if (!is_logged(r, addr, (uint32_t)size, (uint64_t)value))
            on_store(r->uc, type, addr, size, value, r);
    }
    uint64_t room = g->size - (addr - g->base);
    memcpy(g->host + (addr - g->base), &value, (uint64_t)size < room ? (uint64_t)size : room);
    return true;
}

// on_protected_store does a store to memory that is read-only to the engine only, which then discards it. What lies
// beyond the page follows byte by byte.
static bool on_protected_store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    (void)uc;
    struct recorder *r = user;
    uint64_t offset = addr - r->store.base;
    if (offset >= r->store.span || !can_log_quickly(r, size))
        return store_slowly(r, type, addr, size, value);
    store_quickly(r, addr, size, r->store.host + offset, (uint64_t)value);
    return true;
}

static void on_exception(uc_engine *uc, uint32_t number, void *user) {
    (void)uc;
    struct recorder *r = user;
    r->outcome.exception = number;
    stop_run(r, number == EXCEPTION_UNDEFINED ? STOP_INVALID : STOP_EXCEPTION);
}

uc_err recorder_install_hooks(struct recorder *r) {
    uc_hook hook;
    uc_err err;
    // Hooks that come after a translation do not apply to it, so all of them are installed before anything runs.
    if ((err = uc_hook_add(r->uc, &hook, UC_HOOK_CODE, (void *)on_code, r, 1, 0)) ||
        (err = uc_hook_add(r->uc, &hook, UC_HOOK_MEM_INVALID & ~UC_HOOK_MEM_WRITE_PROT, (void *)on_bad_access, r, 1,
                           0)))
        return err;
    if (r->loads && (err = uc_hook_add(r->uc, &hook, UC_HOOK_MEM_READ, (void *)on_load, r, 1, 0)))
        return err;
    // Where no code can be written, on_protected_store sees all stores. Being told of each one twice takes time.
    if (r->code_is_writable && (err = uc_hook_add(r->uc, &hook, UC_HOOK_MEM_WRITE, (void *)on_store, r, 1, 0)))
        return err;
    if ((err = uc_hook_add(r->uc, &hook, UC_HOOK_MEM_WRITE_PROT, (void *)on_protected_store, r, 1, 0)))
        return err;
    return uc_hook_add(r->uc, &hook, UC_HOOK_INTR, (void *)on_exception, r, 1, 0);
}

// ---- runs ------------------------------------------------------------------

// waited goes on after a WFI, at which the engine gives up: a wait may end at any time, so it ends at once.
static int waited(struct recorder *r) {
    const uint32_t wfi = 0xd503207f;
    if (r->outcome.reason != STOP_NONE || r->outcome.error || !r->out.steps || word_at(r, last_pc(r)) != wfi)
        return 0;
    r->pc = last_pc(r) + 4;
    return 1;
}

static void begin(struct recorder *r, uint64_t until, uint32_t exceptions) {
    struct buffers *out = &r->out;
    memset(&r->outcome, 0, sizeof r->outcome);
    out->steps = out->num_stores = out->num_frames = out->num_transfers = 0;
    r->running = 1;
    r->until = until;
    r->exceptions = exceptions;
    r->pending = 0;
    set_stop_at(r, out->max_steps);
    struct region *g = find_region(r, until);
    if (g)
        forget_effects(g, until, 1);
    r->interest = out->frames ? ~(effect)EFFECT_DECIDED : EFFECT_KIND | (out->stores ? EFFECT_ZERO_BLOCK : 0);
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
    if (!cut_short && r->pending) // arrived where there is no instruction
        settle(r, r->pc);
    if (cut_short && out->steps) {
        r->pc = last_pc(r);
        out->steps--;
        take_back(r, out->steps);
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
    r->failed |= r->outcome.reason != STOP_UNTIL && r->outcome.reason != STOP_FULL;
    r->running = 0;
    r->pending = 0;
    set_pace(r);
}

void recorder_run(struct recorder *r, uint64_t until, uint32_t exceptions, uint32_t max_steps, uint32_t max_stores,
                  uint64_t *pc, struct store *stores, struct frame_regs *frames, struct transfer *transfers,
                  struct regs *full) {
    r->out = (struct buffers){.pc = pc,
                              .stores = stores,
                              .frames = frames,
                              .transfers = transfers,
                              .full = full,
                              .max_steps = max_steps,
                              .max_stores = max_stores};
    begin(r, until, exceptions);
    do {
        r->outcome.error = uc_emu_start(r->uc, r->pc, nowhere, 0, 0);
        uc_reg_read(r->uc, UC_ARM64_REG_PC, &r->pc);
    } while (vectored(r) || waited(r));
    finish(r);
    r->out.pc = NULL, r->out.stores = NULL, r->out.frames = NULL, r->out.transfers = NULL, r->out.full = NULL;
}
