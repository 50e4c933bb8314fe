// SPDX-License-Identifier: GPL-2.0-only

// Package kernel makes scenarios of unmodified distribution kernels: what is executed is the kernel's own
// return_to_handler, ftrace_caller, kretprobe trampoline, string routines and exception entry, and the kernel's own
// unwinder is one more walker.
//
// A kernel is an Image, or a vmlinux with the unwind tables that it may have, that was not booted. Each scenario gives
// it as much of a running system as the code under test looks at: a task with a stack and a shadow stack, a tracer,
// a kretprobe instance. All offsets come from the kernel's BTF, all addresses from its symbols; nothing depends on an
// exact version.
package kernel
