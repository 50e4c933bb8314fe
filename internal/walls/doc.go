// SPDX-License-Identifier: GPL-2.0-only

// Package walls runs what may die in a child process. The engine that executes code is a large C library: an assertion
// that fails in it, or memory that it runs away with, ends the process it is in. Code that isn't built in is therefore
// swept by a child, the same program again, and what the parent does survives it.
//
// [Run] lets children do work of many targets, which survives each of them. [Attached] lets one do what a user looks
// at.
//
// Parent and child share a folder, which is gone afterwards:
//
//	config   what the child is told, as JSON: limits, and what is known of the children before it
//	journal  lines of the child: "begin TARGET" and "end TARGET" as it goes on, "file NAME" for a file that must go
//	         if it dies, "limit TEXT" before it ends because it has reached one, and at last "exit STATUS"
//	stdout   what the child has printed; it is passed on when the child has come to its end (not if it is attached)
//	crash    the child's descriptor 2: what C libraries and the Go runtime say when they abort
//	parts    results by target (package shard), once a child has died
//
// A child whose journal doesn't end in "exit" has died. The targets that were under way are suspects: the next child
// does them first, one at a time. A target with which a child dies alone is dead, and reported so; all others are
// swept. A child that was killed from outside isn't the target's fault: it is tried [killsOfOne] times.
package walls
