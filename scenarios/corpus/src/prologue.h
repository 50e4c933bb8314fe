/* SPDX-License-Identifier: GPL-2.0-only */
/* The prologue family: functions that all compute the same, in frames of all shapes. */
#ifndef CORPUS_PROLOGUE_H
#define CORPUS_PROLOGUE_H

#include "types.h"

/* What a shape makes of n. */
#define PROLOGUE_RESULT(n) (3 * (n) + 1)

typedef u64 shape(u64 n);

/* Results that were right. The scenario checks the number. */
extern u64 prologue_right;

/* Calls a shape four times. */
void run_prologue(shape *fn);

/* A call for the shapes to make, from which a stack trace can be taken. Returns n. */
u64 prologue_callee(u64 n);

/* Calls it does not return from, as far as the compiler knows. */
u64 prologue_die(u64 n) __attribute__((noreturn));

#endif
