// SPDX-License-Identifier: GPL-2.0-only

// Package diff compares two sweeps: what got better, what got worse, what appeared and what vanished, by walker and by
// instruction.
//
// It reads reports in the format "jsonl". An instruction is known by its function and its offset in it. Where the
// reports have the code of the functions, instructions are aligned by what they are, so that a function may have been
// compiled again, have grown, or have got another name. Targets with the same name are compared; what is left over is
// paired if only the variant or the kernel differs, so that two variants of a fix and two kernels can be compared as
// well.
package diff
