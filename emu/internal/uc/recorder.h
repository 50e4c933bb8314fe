// SPDX-License-Identifier: GPL-2.0-only
// The recorder: runs an ARM64 Unicorn engine and logs every step into buffers of the caller.
//
// All of it is C, because a call from C into Go costs about as much as emulating a hundred instructions.
#ifndef STACKSWEEP_RECORDER_H
#define STACKSWEEP_RECORDER_H

#include <stdint.h>
#include <unicorn/unicorn.h>

#include "effect.h"

// One stretch of guest memory, backed by memory of the host.
struct region {
    uint64_t base, size;
    uint8_t *host;
    uint32_t perms;   // UC_PROT_*
    effect *effects;  // one per instruction word, decided on first execution; NULL when not executable
};

// The log entries. Steps count from the start of the buffers. layout.go checks that Go's structs are laid out alike.

struct store {
    uint32_t step;
    uint8_t size;
    uint64_t addr, old_value, new_value;
};

struct frame_regs {
    uint32_t step;
    uint32_t pstate;
    uint64_t sp, fp, lr;
};

struct transfer {
    uint32_t step;
    uint8_t kind; // enum transfer_kind
    uint64_t to, sp, fp, lr;
};

struct regs {
    uint64_t x[31];
    uint64_t sp, pc, pstate;
};

enum { RECORDER_MIN_STORES = 320 };

// The buffers of one run, and how much of them has been filled.
struct buffers {
    uint64_t *pc;
    struct store *stores;
    struct frame_regs *frames;
    struct transfer *transfers;
    struct regs *full;
    // Every buffer but stores has room for max_steps entries. max_stores is at least RECORDER_MIN_STORES.
    uint32_t max_steps, max_stores;
    uint32_t steps, num_stores, num_frames, num_transfers;
};

enum stop_reason {
    STOP_NONE,
    STOP_UNTIL,     // the next instruction is the one at `until`, or follows the last exception return asked for
    STOP_FULL,      // max_steps done, or the next instruction might not find room for its stores
    STOP_FAULT,     // an access to memory that is not there or not permitted
    STOP_EXCEPTION, // the CPU took an exception that has no handler
    STOP_INVALID,   // an instruction that the engine does not know or that is undefined
    STOP_LOST,      // the recorder's own account of SP, X29 and X30 was wrong
    STOP_ENGINE,    // any other error of the engine
};

enum { FAULT_MISALIGNED_PC = 0 };

struct outcome {
    enum stop_reason reason;
    uc_err error;
    uint64_t fault_addr;
    uint32_t fault_type; // uc_mem_type or FAULT_MISALIGNED_PC
    uint32_t exception;  // the engine's exception number
    uint32_t word;       // the instruction that could not be completed, 0 when it could not even be fetched
};

// Where the last lookup of code ended: words of effects, none before there was one.
struct recent_code {
    uint64_t base, words;
    effect *effects;
};

// Where the last store went: memory in which any store up to 8 bytes that begins in the first span bytes may be done by
// the hook for stores and needs nothing else but to be logged.
struct recent_store {
    uint64_t base, span;
    uint8_t *host;
};

struct recorder {
    // What the hooks look at for each instruction and each store comes first.
    uint32_t quick_until;       // the step from which on instructions need more than to be logged: see set_pace
    effect pending;             // of the instruction that is being executed
    effect interest;            // the effects that this run logs
    struct recent_code code;
    struct recent_store store;
    struct buffers out;

    uc_engine *uc;
    uc_context *reset;      // the CPU as it was when the engine was made
    uint32_t reuses;        // how often recorder_reset has brought the engine back
    int failed;             // a run has failed, so that the state of the engine isn't known
    struct region *regions; // sorted by base
    uint32_t num_regions;
    uint64_t pc;                               // the next instruction, between runs
    uint64_t vectors;                          // exception vectors, 0: exceptions end the run
    int data_aborts;                           // an access that can't be done is an exception, too
    uint64_t zero_block;                       // bytes that DC ZVA clears, 0: prohibited
    int code_is_writable;                      // some region is both writable and executable

    // Words that were loaded from, multiples of 8, in order; NULL: not wanted. num_loads may be greater than max_loads,
    // beyond which nothing is noted.
    uint64_t *loads;
    uint32_t num_loads, max_loads;

    // The run in progress.
    uint64_t until;           // its effect is not decided during the run, so that it isn't passed quickly
    uint32_t stop_at;         // the step before which to stop; 0 as soon as a stop has been asked for
    uint32_t exceptions;      // how many have yet to return before the run stops; 0: it doesn't stop for that
    int linked;               // X30 was set by a TRANSFER_LINK, and no call, return or load has come since
    struct frame_regs now;    // SP, FP, LR and PSTATE of the next step
    int running;
    struct outcome outcome;
};

// recorder_open makes an engine for the given regions (sorted by base; all arrays stay the caller's) and installs the
// hooks. Loads are noted if there is room for any.
uc_err recorder_open(struct recorder *r, struct region *regions, uint32_t num_regions, uint64_t *loads,
                     uint32_t max_loads);

// recorder_install_hooks is the part of recorder_open that makes the recorder see what happens.
uc_err recorder_install_hooks(struct recorder *r);

// recorder_reset makes a recorder as good as new, but for the contents of its regions. It returns 0 if that can't be
// done; the recorder must then be closed.
int recorder_reset(struct recorder *r);

void recorder_close(struct recorder *r);

// last_pc returns the address of the instruction that is being executed, or was last, in a run; that of the next one if
// there is none.
static inline uint64_t last_pc(const struct recorder *r) {
    return r->out.steps ? r->out.pc[r->out.steps - 1] : r->pc;
}

// set_pace must follow any change of what r->quick_until is made of.
static inline void set_pace(struct recorder *r) {
    r->quick_until = !r->running || r->linked || r->out.full ? 0 : r->stop_at;
}

static inline void set_stop_at(struct recorder *r, uint32_t step) {
    r->stop_at = step;
    set_pace(r);
}

// recorder_run executes from r->pc until one of the reasons of enum stop_reason and leaves r->pc at the next
// instruction, what was logged in r->out, and why it ended in r->outcome. An instruction that fails counts as not
// executed: r->pc stays on it and its stores are taken back. A NULL buffer is not logged, but pc is needed; without
// frames, only transfers and stores are. If exceptions is not 0, the run also stops once that many more have returned
// than were taken; how many are left is in r->exceptions.
void recorder_run(struct recorder *r, uint64_t until, uint32_t exceptions, uint32_t max_steps, uint32_t max_stores,
                  uint64_t *pc, struct store *stores, struct frame_regs *frames, struct transfer *transfers,
                  struct regs *full);

// recorder_code_changed must follow any change of guest code from outside a run.
uc_err recorder_code_changed(struct recorder *r, uint64_t addr, uint64_t size);

uc_err recorder_get_regs(struct recorder *r, struct regs *regs);

// recorder_set_regs takes NZCV and DAIF from regs->pstate and leaves the rest of PSTATE alone.
uc_err recorder_set_regs(struct recorder *r, const struct regs *regs);

// System registers are named as in the MRS instruction: op0, op1, CRn, CRm, op2.
struct sysreg {
    uint8_t op0, op1, crn, crm, op2;
};

uc_err recorder_get_sysreg(struct recorder *r, struct sysreg name, uint64_t *value);
uc_err recorder_set_sysreg(struct recorder *r, struct sysreg name, uint64_t value);

// recorder_run_stub executes a few instructions at a fresh address that belongs to no region, with x[0..n)
// preset, and puts the general registers back afterwards. Nothing is logged.
uc_err recorder_run_stub(struct recorder *r, const uint32_t *words, uint32_t num_words, const uint64_t *x, uint32_t n);

// recorder_enter takes an exception to EL1h at the next instruction: ELR_EL1, SPSR_EL1, PSTATE.DAIF, PC.
uc_err recorder_enter(struct recorder *r, uint64_t vector);

#endif
