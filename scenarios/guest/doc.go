// SPDX-License-Identifier: GPL-2.0-only

// Package guest builds what a scenario's machine starts with: memory made of an image, stacks, a task with its shadow
// stack, and the description of the kernel that an unwinder is compiled into. All kinds of scenarios are built by it.
package guest
