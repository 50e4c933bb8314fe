// SPDX-License-Identifier: GPL-2.0-only

// Package compilers compares compilers by the call frame information that they write: each compiles the same C, small
// cases of ours and files of a kernel, and at every instruction what the information says is held against what the code
// does. Compilers come from Debian, as package kbuild gets them.
package compilers
