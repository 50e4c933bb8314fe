// SPDX-License-Identifier: GPL-2.0-only
// What an A64 instruction does to the registers that a stack walker looks at.
#ifndef STACKSWEEP_EFFECT_H
#define STACKSWEEP_EFFECT_H

#include <stdint.h>

// An effect is decided from the instruction word alone and packed into 32 bits, so that it can be kept
// next to the code and looked up with one load. Zero means "not decided yet".
typedef uint32_t effect;

enum {
    EFFECT_DECIDED = 1u << 0,

    // The register may have changed in a way the word does not tell: read it again.
    EFFECT_READ_SP = 1u << 1,
    EFFECT_READ_FP = 1u << 2,
    EFFECT_READ_LR = 1u << 3,
    EFFECT_READ_PSTATE = 1u << 4,

    // The register changed, and the word tells how (IMM is the effect's signed immediate).
    EFFECT_LINK = 1u << 5,         // LR = PC + 4
    EFFECT_SP_ADD = 1u << 6,       // SP = SP + IMM
    EFFECT_FP_FROM_SP = 1u << 7,   // FP = SP + IMM
    EFFECT_SP_FROM_FP = 1u << 8,   // SP = FP + IMM

    // Control transfers of interest; the field holds an enum transfer_kind.
    EFFECT_KIND_SHIFT = 9,
    EFFECT_KIND = 7u << EFFECT_KIND_SHIFT,

    // DC ZVA: zeroes a block, not always through the engine's store path.
    EFFECT_ZERO_BLOCK = 1u << 12,

    EFFECT_READ_ALL = EFFECT_READ_SP | EFFECT_READ_FP | EFFECT_READ_LR | EFFECT_READ_PSTATE,
    EFFECT_IMM_SHIFT = 16,
};

enum transfer_kind {
    TRANSFER_NONE,
    TRANSFER_CALL,
    TRANSFER_RETURN,
    TRANSFER_EXCEPTION_RETURN,
    TRANSFER_EXCEPTION,
    TRANSFER_JUMP,   // BR and kin; and, after TRANSFER_LINK, any branch that is taken
    TRANSFER_LINK,   // no transfer: X30 has been set by something that is neither a call nor a load
    TRANSFER_BRANCH, // of the recorder alone: a branch, if it turns out to be taken
};

static inline int64_t effect_imm(effect e) { return (int32_t)e >> EFFECT_IMM_SHIFT; }

static inline uint32_t effect_kind(effect e) { return (e & EFFECT_KIND) >> EFFECT_KIND_SHIFT; }

// effect_of decides the effect of one instruction word. It never misses a change of SP, X29, X30,
// PSTATE.DAIF or PSTATE.SP; it may report one where there is none.
effect effect_of(uint32_t word);

#endif
