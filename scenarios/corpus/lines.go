// SPDX-License-Identifier: GPL-2.0-only

package corpus

// SourceLine returns the source line ("src/fgraph.c:132") of the instruction at addr, or "".
func SourceLine(addr uint64) string { return Image().SourceLine(addr) }
