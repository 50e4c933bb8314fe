// SPDX-License-Identifier: GPL-2.0-only

// Package gdbstub lets gdb look at a recorded run: it speaks the GDB remote serial protocol ("GDB Remote Serial
// Protocol", appendix E of the gdb manual) and answers out of a [session.Session].
//
// A recording goes both ways, so stepping and continuing do too: gdb's reverse-stepi and reverse-continue work, and at
// either end gdb is told that there is no more history. Nothing can be changed, because the run has already happened:
// writes to memory and registers are refused. A breakpoint is not patched into the code; it is a place at which the
// stub stops. Watchpoints see writes and reads; what an instruction reads follows from the registers that were
// recorded.
//
// What gdb can't know, its monitor commands tell: the true call stack, what an unwinder makes of the interrupted
// state, and where it fails.
package gdbstub
