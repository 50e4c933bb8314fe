// SPDX-License-Identifier: GPL-2.0-only
// The classification of A64 instructions by their effect on SP, X29, X30 and PSTATE.DAIF.
//
// It follows the top-level encoding table of the Arm Architecture Reference Manual (DDI 0487, chapter
// C4, "A64 Instruction Set Encoding") and errs on the safe side: a field that may name a destination
// counts as one, and an encoding that is not understood changes everything.
#include "effect.h"

enum { REG_FP = 29, REG_LR = 30, REG_31 = 31 };

static inline uint32_t bits(uint32_t word, int high, int low) {
    return (word >> low) & ((1u << (high - low + 1)) - 1);
}

static inline uint32_t bit(uint32_t word, int n) { return (word >> n) & 1; }

// The register fields by their usual names.
static inline uint32_t rd(uint32_t word) { return bits(word, 4, 0); }
static inline uint32_t rt(uint32_t word) { return bits(word, 4, 0); }
static inline uint32_t rn(uint32_t word) { return bits(word, 9, 5); }
static inline uint32_t rt2(uint32_t word) { return bits(word, 14, 10); }
static inline uint32_t rs(uint32_t word) { return bits(word, 20, 16); }

static int64_t sign_extend(uint32_t value, int width) {
    return (int64_t)((uint64_t)value << (64 - width)) >> (64 - width);
}

static effect with_imm(effect e, int64_t imm) { return e | (effect)((uint32_t)imm << EFFECT_IMM_SHIFT); }

static int fits_imm(int64_t imm) { return imm >= INT16_MIN && imm <= INT16_MAX; }

static effect with_kind(effect e, enum transfer_kind kind) {
    return e | (effect)kind << EFFECT_KIND_SHIFT;
}

// A destination field in which 31 means the zero register.
static effect writes_x(uint32_t reg) {
    switch (reg) {
    case REG_FP:
        return EFFECT_READ_FP;
    case REG_LR:
        return EFFECT_READ_LR;
    default:
        return 0;
    }
}

// A destination field of a computation. A result in X30 may be where something is made to return to.
static effect computes_x(uint32_t reg) {
    return reg == REG_LR ? with_kind(EFFECT_READ_LR, TRANSFER_LINK) : writes_x(reg);
}

// A destination field in which 31 means SP.
static effect writes_x_or_sp(uint32_t reg) { return reg == REG_31 ? EFFECT_READ_SP : writes_x(reg); }

static effect computes_x_or_sp(uint32_t reg) { return reg == REG_31 ? EFFECT_READ_SP : computes_x(reg); }

// The first register of a consecutive pair, as CASP has it.
static effect writes_x_pair(uint32_t reg) { return writes_x(reg) | writes_x(reg + 1); }

// add_sub_imm: ADD and SUB (immediate). Frames are made and taken down with these, so the three forms
// that occur there are computed instead of read back.
static effect add_sub_imm(uint32_t word) {
    int sets_flags = bit(word, 29);
    if (sets_flags)
        return computes_x(rd(word));
    int64_t imm = bits(word, 21, 10);
    if (bit(word, 22))
        imm <<= 12;
    if (bit(word, 30))
        imm = -imm;
    int is_64_bit = bit(word, 31);
    if (is_64_bit && fits_imm(imm)) {
        if (rd(word) == REG_31 && rn(word) == REG_31)
            return with_imm(EFFECT_SP_ADD, imm);
        if (rd(word) == REG_FP && rn(word) == REG_31)
            return with_imm(EFFECT_FP_FROM_SP, imm);
        if (rd(word) == REG_31 && rn(word) == REG_FP)
            return with_imm(EFFECT_SP_FROM_FP, imm);
    }
    return computes_x_or_sp(rd(word));
}

static effect data_processing_imm(uint32_t word) {
    switch (bits(word, 25, 23)) {
    case 2: // add/subtract
        return add_sub_imm(word);
    case 3: // add/subtract with tags, min/max
        return computes_x_or_sp(rd(word));
    case 4: { // logical; only ANDS has no SP
        int is_ands = bits(word, 30, 29) == 3;
        return is_ands ? computes_x(rd(word)) : computes_x_or_sp(rd(word));
    }
    default: // PC-relative, move wide, bitfield, extract
        return computes_x(rd(word));
    }
}

static effect hint(uint32_t word) {
    switch (bits(word, 11, 5)) {
    case 7:  // XPACLRI
    case 24: // PACIAZ
    case 25: // PACIASP
    case 26: // PACIBZ
    case 27: // PACIBSP
    case 28: // AUTIAZ
    case 29: // AUTIASP
    case 30: // AUTIBZ
    case 31: // AUTIBSP
        return EFFECT_READ_LR;
    default:
        return 0;
    }
}

// system: everything under 1101 0101 00: hints, barriers, MSR, MRS, SYS, SYSL.
static effect system_instruction(uint32_t word) {
    uint32_t op0 = bits(word, 20, 19), op1 = bits(word, 18, 16), crn = bits(word, 15, 12);
    uint32_t crm = bits(word, 11, 8), op2 = bits(word, 7, 5);
    int reads = bit(word, 21);

    if (reads)
        return writes_x(rt(word)); // MRS, SYSL
    switch (op0) {
    case 0:
        if (crn == 2)
            return hint(word);
        if (crn == 4) // MSR (immediate): SPSel swaps SP, DAIFSet and DAIFClr mask
            return EFFECT_READ_PSTATE | EFFECT_READ_SP;
        return 0; // barriers; WFET and WFIT only read
    case 1:
        if (op1 == 3 && crn == 7 && crm == 4 && op2 == 1)
            return EFFECT_ZERO_BLOCK;
        return 0;
    default: // MSR (register): SPSel, DAIF, NZCV, SP_EL0 and their kin all have CRn = 4
        return crn == 4 ? EFFECT_READ_PSTATE | EFFECT_READ_SP : 0;
    }
}

static effect branch_register(uint32_t word) {
    int is_pac = bits(word, 15, 10) != 0;
    switch (bits(word, 24, 21)) {
    case 0: // BR, BRAAZ, BRABZ
    case 8: // BRAA, BRAB
        return with_kind(0, TRANSFER_JUMP);
    case 1: // BLR, BLRAAZ, BLRABZ
    case 9: // BLRAA, BLRAB
        return with_kind(EFFECT_LINK, TRANSFER_CALL);
    case 2: // RET, RETAA, RETAB
        return with_kind(is_pac ? EFFECT_READ_LR : 0, TRANSFER_RETURN);
    case 4: // ERET, ERETAA, ERETAB
        return with_kind(EFFECT_READ_PSTATE | EFFECT_READ_SP, TRANSFER_EXCEPTION_RETURN);
    default:
        return EFFECT_READ_ALL;
    }
}

static effect branch_exception_system(uint32_t word) {
    switch (bits(word, 31, 29)) {
    case 0: // B
        return 0;
    case 4: // BL
        return with_kind(EFFECT_LINK, TRANSFER_CALL);
    case 1:
    case 5: // CBZ, CBNZ, TBZ, TBNZ
        return 0;
    case 2: // B.cond, BC.cond
        return bit(word, 25) ? EFFECT_READ_ALL : 0;
    case 6:
        if (bits(word, 28, 25) == 0xb)
            return branch_register(word);
        if (bits(word, 25, 22) == 4)
            return system_instruction(word);
        return EFFECT_READ_ALL; // exception generation, 128-bit system registers
    default:
        return EFFECT_READ_ALL;
    }
}

// pair: LDP, STP, LDNP, STNP and their FP/SIMD forms.
static effect load_store_pair(uint32_t word) {
    uint32_t opc = bits(word, 31, 30), indexing = bits(word, 24, 23);
    int is_simd = bit(word, 26), is_load = bit(word, 22), writes_back = indexing & 1;
    effect e = 0;

    if (is_load && !is_simd)
        e |= writes_x(rt(word)) | writes_x(rt2(word));
    if (!writes_back)
        return e;
    if (rn(word) != REG_31)
        return e | writes_x(rn(word));
    int scale = is_simd ? 2 + opc : opc == 2 ? 3 : 2;
    if (!is_simd && opc == 1 && !is_load)
        return e | EFFECT_READ_SP; // STGP scales by 16
    return with_imm(e | EFFECT_SP_ADD, sign_extend(bits(word, 21, 15), 7) * (1 << scale));
}

// load_store_register: LDR, STR and their kin with one register, and the LSE atomics.
static effect load_store_register(uint32_t word) {
    int is_simd = bit(word, 26), is_store = bits(word, 23, 22) == 0;
    effect loaded = is_simd ? 0 : writes_x(rt(word));

    if (bit(word, 24)) // unsigned offset
        return is_store ? 0 : loaded;
    if (!bit(word, 21)) {
        effect e = is_store ? 0 : loaded;
        int writes_back = bit(word, 10);
        if (!writes_back)
            return e;
        if (rn(word) != REG_31)
            return e | writes_x(rn(word));
        return with_imm(e | EFFECT_SP_ADD, sign_extend(bits(word, 20, 12), 9));
    }
    switch (bits(word, 11, 10)) {
    case 2: // register offset
        return is_store ? 0 : loaded;
    case 0: { // atomics; LD64B and ST64B move eight registers
        uint32_t opc = bits(word, 14, 12);
        int is_64_byte = bit(word, 15) && opc != 0 && opc != 4;
        return is_64_byte ? EFFECT_READ_ALL : loaded | writes_x(rs(word));
    }
    default: // LDRAA, LDRAB
        return loaded | writes_x_or_sp(rn(word));
    }
}

static effect load_store(uint32_t word) {
    int is_simd = bit(word, 26);
    switch (bits(word, 29, 27)) {
    case 5:
        return load_store_pair(word);
    case 7:
        return load_store_register(word);
    case 3:
        if (!bit(word, 24)) // load literal
            return is_simd ? 0 : writes_x(rt(word));
        // MOPS, memory tags, LDAPUR and STLUR, LDIAPP and STILP
        return writes_x_or_sp(rt(word)) | writes_x(rt2(word)) | writes_x_or_sp(rn(word)) | writes_x(rs(word));
    default:
        if (is_simd) // structure loads and stores; bit 23 is the post-index
            return bit(word, 23) ? writes_x_or_sp(rn(word)) : 0;
        // exclusives, ordered, CAS, CASP
        return writes_x_pair(rt(word)) | writes_x(rt2(word)) | writes_x_pair(rs(word));
    }
}

static effect data_processing_register(uint32_t word) {
    int is_add_sub_extended = bits(word, 28, 24) == 0xb && bit(word, 21) && !bit(word, 29);
    int is_two_source = bits(word, 30, 21) == 0x0d6;
    int is_insert_random_tag = is_two_source && bits(word, 15, 10) == 4;
    if (is_add_sub_extended || is_insert_random_tag)
        return computes_x_or_sp(rd(word));
    return computes_x(rd(word));
}

static effect changes(uint32_t word) {
    switch (bits(word, 28, 25)) {
    case 0x2: // SVE: scalar results are in bits 4:0, and ADDVL and ADDPL may name SP there
        return writes_x_or_sp(rd(word));
    case 0x8:
    case 0x9:
        return data_processing_imm(word);
    case 0xa:
    case 0xb:
        return branch_exception_system(word);
    case 0x4:
    case 0x6:
    case 0xc:
    case 0xe:
        return load_store(word);
    case 0x5:
    case 0xd:
        return data_processing_register(word);
    case 0x7:
    case 0xf: // FP and SIMD: moves and conversions to a general register have it in bits 4:0
        return writes_x(rd(word));
    default: // reserved, unallocated, SME
        return EFFECT_READ_ALL;
    }
}

effect effect_of(uint32_t word) { return changes(word) | EFFECT_DECIDED; }
