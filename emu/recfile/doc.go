// SPDX-License-Identifier: GPL-2.0-only

// Package recfile keeps recordings as files: whoever has one can look at the run without the machine that it was made
// on.
//
// Numbers are little-endian. A file is
//
//	offset   size
//	0        8     "stkswrec"
//	8        4     version: 1
//	12       4     0
//	16       32    SHA-256 of all that follows
//	48       8     size of the body in bytes
//	56       ...   the body, as one Zstandard frame, to the end of the file
//
// and the body
//
//	8              size of the description
//	...            the description: of the run, in a form that isn't this package's business
//	4              mode: 0 sparse, 1 full
//	272 + 272      registers before the first and after the last step: X0 to X30, SP, PC, PSTATE, 8 bytes each
//	4              number of memory regions; for each
//	  8 + 8 + 4      address, size, permissions (1 read, 2 write, 4 execute)
//	  ...            contents before the first step
//	4              number of chunks; for each
//	  4 4 4 4        numbers of steps, stores, frame registers, transfers
//	  8 per step     PC
//	  per store      4 step, 1 size, 8 address, 8 old value, 8 new value
//	  per frame      4 step, 4 PSTATE, 8 SP, 8 X29, 8 X30
//	  per transfer   4 step, 1 kind, 8 to, 8 SP, 8 X29, 8 X30
//	  full only, per step
//	    8              which registers differ from those of the step before, a bit for each in the order above; the
//	                   first step's from zero
//	    8 per bit      their values
//
// Steps count from the beginning of the chunk.
package recfile
