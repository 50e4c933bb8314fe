// SPDX-License-Identifier: GPL-2.0-only

// Package tablecheck holds the SFrame table of a file against everything else that the file says about its stack
// frames: what the instructions of each function do to SP, X29 and X30 on every path (package flow), the rows of its
// DWARF call frame information, and its symbols. It finds rows that mislead an unwinder, and the holes: instructions of
// functions that no row covers, where an unwinder gets no further across an interrupt.
//
// No unwinder is run. What one says at such an instruction is shown by sweeping it.
package tablecheck
