// SPDX-License-Identifier: GPL-2.0-only

// Package live records what a booted kernel does: unmodified, with its own scheduler, tracers and callbacks, and
// nothing of ours around it.
//
// A kernel is booted under QEMU and told through tracefs what to trace. A system call is then single-stepped, from
// where the entry code calls its C handler until that returns:
//
//	el0t_64_sync:  ... bl el0t_64_sync_handler   the recording begins before this instruction
//	               b ret_to_user                 and ends before this one
//
// It follows the task, not the CPU: what other tasks do while this one is switched out is left out.
package live
