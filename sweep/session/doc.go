// SPDX-License-Identifier: GPL-2.0-only

// Package session opens one run for looking at: a [Session] stands before a step, can be moved to any other, forwards
// or back, and lets walkers walk there. It is what the verbs show, step and gdb stand on.
package session
