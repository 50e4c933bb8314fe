// SPDX-License-Identifier: GPL-2.0-only
#include "settle.h"

#include "cpu.h"

static void apply_effect(struct recorder *r, effect e) {
    struct frame_regs *now = &r->now;
    if (e & EFFECT_LINK)
        now->lr = last_pc(r) + 4;
    if (e & EFFECT_SP_ADD)
        now->sp += (uint64_t)effect_imm(e);
    if (e & EFFECT_FP_FROM_SP)
        now->fp = now->sp + (uint64_t)effect_imm(e);
    if (e & EFFECT_SP_FROM_FP)
        now->sp = now->fp + (uint64_t)effect_imm(e);
    if (e & EFFECT_READ_ALL)
        read_frame_regs(r, e, now);
}

void log_frame(struct recorder *r) {
    struct buffers *out = &r->out;
    struct frame_regs *f = &out->frames[out->num_frames++];
    // Field by field: a copy of the whole struct would wait for the stores that have just been made to it.
    f->step = out->steps;
    f->pstate = r->now.pstate;
    f->sp = r->now.sp;
    f->fp = r->now.fp;
    f->lr = r->now.lr;
}

static void unlink_x30(struct recorder *r) {
    if (!r->linked)
        return;
    r->linked = 0;
    set_pace(r);
}

// settle_kind is the kind of transfer that the previous instruction turned out to be, now that control is at pc.
static enum transfer_kind settle_kind(struct recorder *r, uint64_t pc) {
    enum transfer_kind kind = effect_kind(r->pending);
    switch (kind) {
    case TRANSFER_BRANCH:
        return pc == last_pc(r) + 4 ? TRANSFER_NONE : TRANSFER_JUMP;
    case TRANSFER_LINK:
        r->linked = 1;
        set_pace(r);
        return kind;
    case TRANSFER_CALL:
    case TRANSFER_RETURN:
    case TRANSFER_EXCEPTION:
        unlink_x30(r);
        return kind;
    default:
        return kind;
    }
}

effect watch_branch(struct recorder *r, effect e) {
    if (e & EFFECT_KIND)
        return 0;
    if (e & EFFECT_READ_LR)
        unlink_x30(r);
    return r->linked ? (effect)TRANSFER_BRANCH << EFFECT_KIND_SHIFT : 0;
}

void settle(struct recorder *r, uint64_t pc) {
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
        set_stop_at(r, 0);
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
