// SPDX-License-Identifier: GPL-2.0-only

// Package livepatch shows what live patching makes of a stack trace that calls itself reliable and isn't: it boots a
// kernel with two modules of ours, of which one patches the other while a function of that runs, and watches.
//
// A task runs lp_outer(), which calls lp_inner() again and again; lp_inner() is graph-traced. lp_outer() is patched, so
// the task may be switched to the patch only while lp_outer() is not on its stack. With one CPU the task is always
// switched out when its stack is looked at: in the return handler of lp_inner() often enough.
package livepatch
