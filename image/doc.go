// SPDX-License-Identifier: GPL-2.0-only

// Package image reads arm64 code from files into what a machine needs to run it, and a report needs to name it:
// segments with their addresses, symbols, unwind sections, types.
//
// Load and Parse tell the kind of a file by its first bytes:
//
//   - ELF executables (ET_EXEC) and shared objects (ET_DYN; a vmlinux is one) are taken as they were linked, a shared
//     object at a base of choice, and their dynamic relocations are applied as far as the file alone can say.
//   - ELF relocatable objects (ET_REL; a kernel module is one) are laid out at a base and linked against themselves
//     and whatever else the caller can resolve.
//   - Kernel Images are taken as they were linked. Their symbols, relocations and types are in there, without anything
//     that leads to them.
//
// Any of them may be compressed by gzip, and a kernel Image may be in an EFI zboot file.
//
// Only little-endian AArch64 is accepted. Nothing that a file says about itself is believed: each offset, size, index
// and address is checked before it is used, memory grows with the file and never with a number in it, and a file that
// makes no sense is an *Error with the place, never half an Image. The package neither runs code nor knows who does.
package image
