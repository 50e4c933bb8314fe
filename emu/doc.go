// SPDX-License-Identifier: GPL-2.0-only

// Package emu runs arm64 code and remembers every step of it.
//
// A [Machine] is one emulated CPU in EL1 with its memory: the regions of a [Config], nothing else. It starts with
// the MMU off, so addresses are what the code says they are. Code runs by [Machine.Record], which keeps everything
// that happened, or by [Machine.Stream], which hands it over in chunks so that a run of any length needs little
// memory. There are no callbacks per instruction: the log is written by the recorder in C, at a few nanoseconds per
// instruction.
//
// What is logged are events: the PC of every step, the stores with the bytes before and after, the values of SP, X29
// and X30 where they change, and the calls, returns and exceptions. A [Cursor] turns them back into states: it stands
// before some step and shows the memory and the frame registers at that moment, and moves forwards by applying stores
// and backwards by undoing them.
//
// Steps are numbered from 0. "At step n" is always the state before the n-th instruction is executed, so position
// Len() of a recording is its end. An instruction that fails (a fault, an unhandled exception) counts as not executed:
// the machine and the recording end before it.
//
// Exceptions: an interrupt is taken where the caller wants one ([Machine.Enter]). BRK goes to the vectors when
// [Config.Vectors] is set, and so do loads and stores that can't be done when [Config.DataAborts] is. Such an
// instruction is a step with no effect but the exception. Every other exception ends the run with an error.
//
// The same configuration always gives the same recording. A Machine may be used by one goroutine at a time; several
// machines run in parallel.
package emu
