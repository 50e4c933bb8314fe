// SPDX-License-Identifier: GPL-2.0-only

// Package mutate breaks what a sweep stands on, one thing at a time, and counts how many breaks the sweep notices.
//
// What is broken: an instruction of the code under test, a row of its unwind tables, a rule of a model of the kernel's
// unwinder, a rule of an oracle. Each [Mutant] is swept like the original, in scenarios that reach what it changes, and
// is
//
//	caught      the sweep fails: an oracle conflict, a run that goes astray, a verdict that is not expected, or an
//	            expectation that no longer holds
//	equivalent  executed, and the verdict and the truth are the same at every point of every scenario that reaches it
//	alike       the same, but not tried in all scenarios that reach what it changes
//	survived    something is different, and nothing failed
//	unreached   no scenario executes it, or asks for it
//
// A survivor is a hole in the harness: it needs a scenario that catches it, or a reason. Reasons are in reasons.txt.
package mutate
