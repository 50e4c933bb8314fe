// SPDX-License-Identifier: GPL-2.0-only

// Package deliver gets an exception to a point of a run, in one of two ways.
//
// A [View] lays what the exception would leave on the stack over the memory that a walker reads. The machine is left
// alone, which makes it fast.
//
// An [Interrupter] really takes the exception: through the vectors into the entry code, onto the handler's stack and
// into the handler, where the walk begins, and back. It then proves that the interrupted run did not notice: registers
// and memory are as they were before, and the run ends as it does undisturbed. If not, the error is a [Disturbance].
package deliver
