// SPDX-License-Identifier: GPL-2.0-only

// Package generated generates random programs with unwind tables that are right by construction: call trees of
// functions whose frames have every shape that AAPCS64 allows a function with a frame record, and leaves without one.
//
// The other scenarios have what compilers and authors of assembly come up with. These have the rest: a
// record at any multiple of 8 in the frame, saved registers around it, SP moved once or twice or by an amount known at
// run time only, an early way out, a tail call, a signed return address, LR used for something else. An unwinder that
// follows the rules is exact at every instruction of them.
package generated
