// SPDX-License-Identifier: GPL-2.0-only

// Package shard divides a sweep among machines, and lets one that was killed go on.
//
// A sweep is divided into units: slices of targets. What comes out of each is a [sweep.Part], which is appended to a
// file of parts as soon as it is there. A sweep that is resumed leaves out the units that its file has. Shards are
// sweeps that do some of the units, each with a file of its own. From a file that has all the parts, or from the files
// of all shards, the report of the whole sweep is made: the same bytes as without any of this.
//
// A file of parts consists of lines. The first is the header, each of the others a part:
//
//	stacksweep-parts 1 SUM HEADER
//	part TARGET SLICE SUM PART
//
// TARGET is an index in the header's list of targets, SLICE says which of so many slices as the header says, both from
// 0. SUM is the CRC-32C of the last field, in hexadecimal. HEADER and PART are Go values (encoding/gob), compressed
// (RFC 1951) and in base64: files of parts are read by the program that wrote them, and no other. A last line that is
// not complete is what was being written when the sweep was killed.
package shard
