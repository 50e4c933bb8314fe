// SPDX-License-Identifier: GPL-2.0-only

// Package sframe reads, writes, checks and looks up SFrame stack-trace data, versions 1, 2 and 3.
//
// An SFrame section answers, for any program counter, three questions of an unwinder: where is the canonical frame
// address (CFA), where is the return address (RA), and where is the caller's frame pointer (FP)? It holds a header, a
// function descriptor entry (FDE) per function, and per FDE a list of frame row entries (FREs), each valid from its
// start offset up to that of the next.
//
// There are two ways in:
//
//   - [Decode] turns a whole section into a [Section]: plain structs that may be inspected, changed, converted to
//     another version with [Convert], printed with [Dump] and written again with [Section.Encode]. A Section can just
//     as well be filled by hand: that is how a section is made from other unwind information.
//   - [OpenTable] (or [NewTable], from a Section) prepares lookups: [Table.Lookup] finds the [Row] for a program
//     counter without allocating. It reads either as the specification says or, with [Rules], as the Linux kernel's
//     reader does, whose limits differ.
//
// [Verify] reports everything in a section that is not as the specification wants it.
//
// # Addresses and byte order
//
// The start of a function is recorded relative to the section or to the field itself, so every entry point takes the
// address at which the section is loaded. All addresses in this package are absolute, and computed modulo 2^64. An
// offset in an error or a [Problem] counts bytes from the start of the section. The byte order of a section is that
// of its [ABI], and is recognised by the magic number.
//
// # Canonical sections
//
// A section is canonical when [Section.Encode] of what [Decode] makes of it gives the same bytes. That is so when
//
//   - the FDE sub-section starts right after the header (offset 0) and the FRE sub-section right after the last FDE,
//   - the data of the FDEs (in V3 the attribute, then the rows) tile the FRE sub-section without gaps or overlap, in
//     any order,
//   - the number of FREs in the header is the sum of what the FDEs say,
//   - reserved bits and padding are 0, and
//   - nothing follows the FRE sub-section.
//
// What GNU as, GNU ld and this package write is canonical. The widths of offsets and data words, and the order of the
// data of the FDEs, are kept as they are, whether minimal or not. What is not canonical is still decoded, and encoding
// it makes it canonical.
//
// # Sources
//
// The layouts and rules are those of "The SFrame Format", Version 3 (published with GNU binutils 2.46), which also
// lists what changed from versions 1 and 2 and the errata to version 2; and, for [Rules.Kernel], of
// kernel/unwind/sframe.c in the Linux patch series "unwind, arm64: add sframe unwinder for kernel", version 6.
package sframe
