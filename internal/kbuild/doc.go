// SPDX-License-Identifier: GPL-2.0-only

// Package kbuild builds arm64 kernels with SFrame V3 tables, which no distribution ships yet, from Debian's source of
// the newest kernel: unedited, and in variants of which each is a few edits and, for the assembly, a header.
//
// Source, compilers and tools come from the machine's own Debian mirror and are kept in the cache folder, as are one
// source tree and a build tree per compiler. A build that was stopped goes on where it was; a variant costs what make
// finds changed; one that was built before, of the same source, configuration, edits and compiler, costs nothing.
//
// Nothing of the kernel is part of this package. An edit (the files in edits) names a place by an identifier or a label
// and has text of our own.
package kbuild
