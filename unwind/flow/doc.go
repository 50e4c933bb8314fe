// SPDX-License-Identifier: GPL-2.0-only

// Package flow says what the instructions of an arm64 function do to its stack frame: at every instruction, on every
// path, where SP and X29 are relative to the canonical frame address (CFA, what SP was when the function was called),
// and where the caller's X29 and return address are to be found.
//
// It is an abstract interpretation of the machine code alone. No table is consulted, so that tables (SFrame, DWARF CFI,
// annotations in assembly) can be judged by it: see [Function.Compare]. [Function.Class] says whether a function is a
// leaf that may be annotated as such.
//
// Analyze looks at one function. Program looks at all functions of an image together, and so knows which calls don't
// return and in what state a function's cold part, which compilers put elsewhere, is entered.
//
// # What is followed
//
// Values that come from SP, X29, X30 or constants, through moves, additions, loads and stores relative to SP or X29,
// and pointer authentication and the shadow call stack. A computed branch is followed where a compiler has made a table
// for a switch, a call to the landing pads of its exceptions, and an instruction to where a linker has moved it to.
// Where paths meet, what they agree on is kept. What can't be followed becomes Unknown, together with the instruction
// that decided it: SP after alloca or a switch of stacks, a register loaded from memory that isn't the frame.
//
// # What is assumed
//
//   - Calls keep the procedure call standard (AAPCS64): SP, X19 to X29 are preserved, X0 to X18 and X30 are not.
//   - What the frame saves is only overwritten through SP and X29, not through pointers to other things.
//   - An SP that can't be followed is below what the frame saves: alloca makes it so.
//   - What is below SP is lost: an interrupt may come at any instruction and use the memory there.
//   - A function is entered at its start, and wherever else the caller of Analyze says. A branch to a place outside the
//     function leaves it.
//   - A call, or a BRK of which nothing is known (see [Break]), that is followed by code which is reached otherwise,
//     with another frame, doesn't return.
//
// Code that no branch of the function leads to (the target of another computed branch, of a branch that is patched in,
// of an exception fixup) is interpreted with each frame that the function has elsewhere. If with exactly one of them
// every path from there fits the code that it joins and the returns, the code is Inferred to have that frame, else it
// stays Unreached. Data in the code, literal pools and padding, stay so too.
//
// The encodings are those of the Arm Architecture Reference Manual (DDI 0487), chapter C4.
package flow
