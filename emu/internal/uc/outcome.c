// SPDX-License-Identifier: GPL-2.0-only
#include "outcome.h"

void stop_run(struct recorder *r, enum stop_reason reason) {
    if (r->outcome.reason == STOP_NONE)
        r->outcome.reason = reason;
    set_stop_at(r, 0);
    uc_emu_stop(r->uc);
}

int fetch_failed(const struct outcome *o) {
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

void classify_error(struct recorder *r) {
    struct outcome *o = &r->outcome;
    if (o->error == UC_ERR_OK && o->reason == STOP_NONE && r->pc == nowhere) {
        o->reason = STOP_FAULT;
        o->fault_addr = nowhere;
        o->fault_type = FAULT_MISALIGNED_PC;
    }
    if (fetch_failed(o) && r->pc == r->until) { // nothing has to be there
        o->reason = STOP_UNTIL;
        return;
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
