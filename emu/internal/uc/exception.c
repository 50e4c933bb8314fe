// SPDX-License-Identifier: GPL-2.0-only
#include "exception.h"

#include <string.h>

#include "cpu.h"
#include "memory.h"
#include "outcome.h"
#include "store.h"

// ESR_ELx of synchronous exceptions that are taken here (Arm ARM, D19.2.40 "ESR_EL1"). IL is set: all instructions
// have 32 bits. Faults are those of a level 3 descriptor, as if every page were mapped by itself.
enum {
    ESR_IL = 1 << 25,
    ESR_WNR = 1 << 6, // a write
    DFSC_TRANSLATION_L3 = 0x07,
    DFSC_PERMISSION_L3 = 0x0f,
};
static const uint64_t esr_data_abort = UINT64_C(0x25) << 26 | ESR_IL, esr_brk64 = UINT64_C(0x3c) << 26 | ESR_IL;

// breakpoint returns ESR_EL1 of a BRK at last_pc, 0 if the run did not stop at one.
static uint64_t breakpoint(struct recorder *r) {
    if (r->outcome.reason != STOP_EXCEPTION || r->outcome.exception != EXCEPTION_BREAKPOINT)
        return 0;
    return esr_brk64 | (word_at(r, last_pc(r)) >> 5 & 0xffff);
}

// data_abort returns ESR_EL1 of an access at last_pc that could not be done, 0 if the run did not stop at one.
static uint64_t data_abort(const struct recorder *r) {
    if (r->outcome.reason != STOP_FAULT)
        return 0;
    switch (r->outcome.fault_type) {
    case UC_MEM_READ_UNMAPPED:
        return esr_data_abort | DFSC_TRANSLATION_L3;
    case UC_MEM_READ_PROT:
        return esr_data_abort | DFSC_PERMISSION_L3;
    case UC_MEM_WRITE_UNMAPPED:
        return esr_data_abort | DFSC_TRANSLATION_L3 | ESR_WNR;
    case UC_MEM_WRITE_PROT:
        return esr_data_abort | DFSC_PERMISSION_L3 | ESR_WNR;
    default:
        return 0; // a fetch
    }
}

int vectored(struct recorder *r) {
    const struct sysreg esr_el1 = {3, 0, 5, 2, 0}, far_el1 = {3, 0, 6, 0, 0};
    const uint64_t sync_el1h = 0x200;
    if (!r->vectors)
        return 0;
    uint64_t esr = breakpoint(r);
    if (!esr && r->data_aborts && (esr = data_abort(r))) {
        take_back(r, r->out.steps - 1);
        // Of DC ZVA, FAR_EL1 has the operand, wherever in the block the fault is.
        uint32_t word = word_at(r, last_pc(r));
        uint64_t far = effect_of(word) & EFFECT_ZERO_BLOCK ? read_x(r, word & 31) : r->outcome.fault_addr;
        if (recorder_set_sysreg(r, far_el1, far))
            return 0;
    }
    if (!esr || recorder_set_sysreg(r, esr_el1, esr) || take_exception(r, last_pc(r), r->vectors + sync_el1h))
        return 0;
    memset(&r->outcome, 0, sizeof r->outcome);
    if (r->exceptions)
        r->exceptions++;
    set_stop_at(r, stores_nearly_full(&r->out) ? 0 : r->out.max_steps);
    r->pending = (EFFECT_READ_PSTATE | (effect)TRANSFER_EXCEPTION << EFFECT_KIND_SHIFT) & r->interest;
    return 1;
}
