// SPDX-License-Identifier: GPL-2.0-only
#include "recorder.h"

#include <string.h>

#include "cpu.h"
#include "exception.h"
#include "load.h"
#include "memory.h"
#include "outcome.h"
#include "store.h"

// ---- frame registers and transfers ------------------------------------------

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

// settle_kind is the kind of transfer that the previous instruction turned out to be, now that control is at pc.
static enum transfer_kind settle_kind(struct recorder *r, uint64_t pc) {
    enum transfer_kind kind = effect_kind(r->pending);
    switch (kind) {
    case TRANSFER_BRANCH:
        return pc == r->last_pc + 4 ? TRANSFER_NONE : TRANSFER_JUMP;
    case TRANSFER_LINK:
        r->linked = 1;
        return kind;
    case TRANSFER_CALL:
    case TRANSFER_RETURN:
    case TRANSFER_EXCEPTION:
        r->linked = 0;
        return kind;
    default:
        return kind;
    }
}

// watch_branch gives an instruction that is executed while X30 is linked a kind, should it be a branch.
static effect watch_branch(struct recorder *r, effect e) {
    if (e & EFFECT_KIND)
        return 0;
    if (e & EFFECT_READ_LR)
        r->linked = 0;
    return r->linked ? (effect)TRANSFER_BRANCH << EFFECT_KIND_SHIFT : 0;
}

// settle completes the previous instruction, now that it has been executed and control has arrived at pc.
static void settle(struct recorder *r, uint64_t pc) {
    effect e = r->pending;
    struct buffers *out = &r->out;
    enum transfer_kind kind = settle_kind(r, pc);
    r->pending = 0;
    if (out->frames) {
        const struct frame_regs *now = &r->now;
        uint64_t sp = now->sp, fp = now->fp, lr = now->lr;
        uint32_t pstate = now->pstate;
        apply_effect(r, e);
        int changed = sp != now->sp || fp != now->fp || lr != now->lr || pstate != now->pstate;
        if (changed && out->steps < out->max_steps)
            log_frame(r);
    } else if (kind != TRANSFER_NONE) {
        read_frame_regs(r, EFFECT_READ_SP | EFFECT_READ_FP | EFFECT_READ_LR, &r->now);
    }
    if (kind == TRANSFER_EXCEPTION_RETURN && r->exceptions && --r->exceptions == 0) {
        r->outcome.reason = STOP_UNTIL;
        r->stop_at = 0;
    }
    if (kind != TRANSFER_NONE && out->transfers) {
        struct transfer *t = &out->transfers[out->num_transfers++];
        t->step = out->steps - 1;
        t->kind = (uint8_t)kind;
        t->to = pc;
        t->sp = r->now.sp;
        t->fp = r->now.fp;
        t->lr = r->now.lr;
    }
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
    out->steps = step + 1;
    r->last_pc = pc;
    if (out->pc)
        out->pc[step] = pc;
    if (out->full) {
        struct regs *full = &out->full[step];
        read_regs(r, full);
        full->pc = pc;
    }
    r->pending = e & r->interest;
    if (r->pending & EFFECT_ZERO_BLOCK && r->zero_block)
        log_zero_block(r, word_at(r, pc));
    if (r->linked)
        r->pending |= watch_branch(r, e);
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
        r->stop_at = 0;
    }
    return false;
}

// on_protected_store does a store to memory that is read-only to the engine only, which then discards it. What lies
// beyond the page follows byte by byte.
static bool on_protected_store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user) {
    struct recorder *r = user;
    struct region *g = r->store_region;
    if (!region_holds(g, addr, (uint32_t)size))
        g = find_region(r, addr);
    if (!g || !stored_by_hook(g))
        return on_bad_access(uc, type, addr, size, value, user);
    if (!r->code_is_writable && !is_logged(r, addr, (uint32_t)size, (uint64_t)value))
        on_store(uc, type, addr, size, value, user);
    uint64_t room = g->size - (addr - g->base);
    memcpy(g->host + (addr - g->base), &value, (uint64_t)size < room ? (uint64_t)size : room);
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
    if (r->outcome.reason != STOP_NONE || r->outcome.error || !r->out.steps || word_at(r, r->last_pc) != wfi)
        return 0;
    r->pc = r->last_pc + 4;
    return 1;
}

static void begin(struct recorder *r, uint64_t until, uint32_t exceptions) {
    struct buffers *out = &r->out;
    memset(&r->outcome, 0, sizeof r->outcome);
    out->steps = out->num_stores = out->num_frames = out->num_transfers = 0;
    r->running = 1;
    r->until = until;
    r->exceptions = exceptions;
    r->stop_at = out->max_steps;
    r->pending = 0;
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
