// SPDX-License-Identifier: GPL-2.0-only
// The engine with hooks that do as little as can be.
#ifndef STACKSWEEP_BARE_H
#define STACKSWEEP_BARE_H

#include <stdint.h>
#include <unicorn/unicorn.h>

struct bare {
    uc_engine *uc;
    uint64_t steps, limit;
    uint64_t *pc; // of the last instructions, 0: they aren't noted
    uint64_t data_base;
    uint8_t *data;
};

enum { BARE_PCS = 1 << 13 };

// bare_open makes an engine that has code at code_base and data at data_base, in whole pages of the caller's. Its hook
// for instructions counts them, and notes their addresses if pc has room for BARE_PCS. If stores is not 0, another one
// does all stores, eight bytes each, to memory that is read-only to the engine; otherwise there must be none.
uc_err bare_open(struct bare *b, uint64_t code_base, uint8_t *code, uint64_t code_size, uint64_t data_base,
                 uint8_t *data, uint64_t data_size, uint64_t *pc, int stores);

// bare_run executes that many instructions from an address on, with X0 the address of the data.
uc_err bare_run(struct bare *b, uint64_t from, uint64_t instructions);

#endif
