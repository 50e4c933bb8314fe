// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/unwind/flow"
)

// A Hole is a run of instructions of a function that the table says nothing about. An unwinder that meets one as the
// place of an interrupt gets no further.
type Hole struct {
	Kind     HoleKind
	Cause    Cause
	Symbol   image.Symbol
	From, To uint64 // addresses
}

// HoleKind says where in its function a hole is.
type HoleKind string

// The kinds of holes.
const (
	NoFDE    HoleKind = "no-fde"    // the whole function
	Start    HoleKind = "start"     // the function begins before its FDE
	Gap      HoleKind = "gap"       // later instructions
	NoRow    HoleKind = "no-row"    // inside an FDE, but no row covers it
	NoSymbol HoleKind = "no-symbol" // in no function that has a symbol, and in no FDE
)

// HoleKinds lists the kinds in the order in which they are reported.
var HoleKinds = []HoleKind{NoFDE, Start, Gap, NoRow, NoSymbol}

// Explain says what a kind of hole is, in the plural.
func (k HoleKind) Explain() string {
	return map[HoleKind]string{
		NoFDE:    "functions without FDE",
		Start:    "functions that begin before their FDE",
		Gap:      "gaps inside or after",
		NoRow:    "instructions of an FDE without row",
		NoSymbol: "pieces of code without function symbol and FDE",
	}[k]
}

// Cause says why there is a hole.
type Cause string

// The causes.
const (
	// a landing pad and NOPs for ftrace, which the compiler puts before .cfi_startproc
	Patchable   Cause = "patchable"
	LandingPad  Cause = "landing"     // a landing pad alone: .cfi_startproc comes after it
	OtherTable  Cause = "other"       // another SFrame section describes it, which the unwinder isn't told of
	DWARFOnly   Cause = "dwarf-only"  // DWARF describes it: the assembler could not say it in SFrame, or was not asked
	Linker      Cause = "linker"      // the linker made it: an erratum's workaround, a veneer
	Annotations Cause = "assembly"    // assembly without directives
	Compiled    Cause = "compiled"    // not from an assembly file: top-level asm in C
	Replacement Cause = "replacement" // kept to be patched in elsewhere, and never executed where it is
	Unexplained Cause = "unknown"     // nothing is described, and its origin isn't known
)

// Causes lists the causes in the order in which they are reported.
var Causes = []Cause{Patchable, LandingPad, OtherTable, DWARFOnly, Linker, Annotations, Compiled, Replacement,
	Unexplained}

// Explain says what a cause means.
func (c Cause) Explain() string {
	return map[Cause]string{
		Patchable:   "a landing pad and NOPs for ftrace before the compiler's .cfi_startproc",
		LandingPad:  "a landing pad before .cfi_startproc",
		OtherTable:  "described by another section",
		DWARFOnly:   "described by DWARF only",
		Linker:      "made by the linker",
		Annotations: "assembly without CFI directives",
		Compiled:    "top-level assembly in a C file",
		Replacement: "kept to be patched in elsewhere, never executed there",
		Unexplained: "no unwind information",
	}[c]
}

// String names the instructions of the hole: symbol+0x0..+0x8.
func (h *Hole) String() string {
	if h.Kind == NoSymbol {
		return fmt.Sprintf("%#x..%#x", h.From, h.To)
	}
	return image.PlacesUpTo(h.Symbol.Name, h.From-h.Symbol.Addr, h.To-h.Symbol.Addr)
}

// Instructions is how many there are.
func (h *Hole) Instructions() int { return int(h.To-h.From) / 4 }

// findInFunctions lists the instructions of functions that no row covers.
func (t *Check) findInFunctions() {
	for i, s := range t.symbols {
		end := s.Addr + s.Size
		if i+1 < len(t.symbols) {
			end = min(end, max(t.symbols[i+1].Addr, s.Addr))
		}
		at := s.Addr
		for _, d := range Covering(t.Table, s.Addr, end) {
			if d.Start > at {
				kind := Gap
				if at == s.Addr {
					kind = Start
				}
				t.addHole(kind, s, at, d.Start)
			}
			if len(d.Rows) > 0 && d.Rows[0].From > d.Start && d.Start >= s.Addr {
				t.addHole(NoRow, s, d.Start, d.Rows[0].From)
			}
			at = max(at, d.End)
		}
		switch {
		case at == s.Addr:
			t.addHole(NoFDE, s, at, end)
		case at < end:
			t.addHole(Gap, s, at, end)
		}
	}
}

// findNameless lists the code that belongs to no function symbol and no FDE. What begins with another label, as entry
// code does, counts as a function.
func (t *Check) findNameless() {
	for _, section := range t.Image.CodeSections() {
		at := section.Addr
		for _, known := range t.claimed(section.Addr, section.End()) {
			t.addNameless(at, known[0])
			at = max(at, known[1])
		}
		t.addNameless(at, section.End())
	}
}

// addNameless notes the code from one address up to another, if there is any, label by label.
func (t *Check) addNameless(from, to uint64) {
	labels := symbolsWithin(t.labels, from, to)
	for from < to {
		end := to
		symbol := image.Symbol{Addr: from}
		if len(labels) > 0 && labels[0].Addr == from {
			symbol, labels = labels[0], labels[1:]
		}
		if len(labels) > 0 {
			end = labels[0].Addr
		}
		if symbol.Name == "" {
			end = t.sameUse(from, end)
		}
		kind := NoSymbol
		if symbol.Name != "" {
			kind = NoFDE
			if symbol.Size > 0 {
				end = min(end, from+symbol.Size)
			}
			symbol.Size = end - from
		}
		if code := Code(t.Image)(from, end); !flow.IsPadding(code) {
			t.addHole(kind, symbol, from, end)
		}
		from = end
	}
}

// sameUse returns where the run of instructions ends that begins at from and is all replacement, or all something else.
func (t *Check) sameUse(from, end uint64) uint64 {
	_, until := t.subject.replacementAt(from)
	return min(end, until)
}

// isReplacement reports whether an instruction is one that an alternative puts elsewhere.
func (t *Check) isReplacement(addr uint64) bool {
	is, _ := t.subject.replacementAt(addr)
	return is
}

// labels lists the symbols of an image that are neither functions nor data, one for each address.
func labels(im *image.Image) (list []image.Symbol) {
	for s := range im.Symbols.All() {
		if n := len(list); s.Kind == image.Other && s.Addr%4 == 0 && (n == 0 || list[n-1].Addr != s.Addr) {
			list = append(list, s)
		}
	}
	return list
}

// claimed returns what function symbols and FDEs say belongs to them from one address up to another, by address.
func (t *Check) claimed(start, end uint64) (list [][2]uint64) {
	for _, s := range symbolsWithin(t.symbols, start, end) {
		list = append(list, [2]uint64{s.Addr, s.Addr + s.Size})
	}
	for _, d := range Covering(t.Table, start, end) {
		list = append(list, [2]uint64{d.Start, d.End})
	}
	slices.SortFunc(list, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	return list
}

// addHole notes a hole unless it is only padding after a function. What the file marks as data at its ends is none.
func (t *Check) addHole(kind HoleKind, s image.Symbol, from, to uint64) {
	from, to = t.withoutData(from, to)
	code := Code(t.Image)(from, to)
	if (kind == Gap || kind == NoSymbol) && flow.IsPadding(code) || len(code) == 0 {
		return
	}
	t.Holes = append(t.Holes, Hole{kind, t.cause(kind, s, from, to, code), s, from, to})
}

// withoutData takes data from both ends of a range of addresses, and the padding that aligns it.
func (t *Check) withoutData(from, to uint64) (uint64, uint64) {
	code := Code(t.Image)
	for {
		first, last := from, to
		for first < to && flow.IsPadding(code(first, first+4)) {
			first += 4
		}
		for last > first && flow.IsPadding(code(last-4, last)) {
			last -= 4
		}
		afterData, _ := t.Image.Symbols.WithoutData(first, to)
		_, beforeData := t.Image.Symbols.WithoutData(from, last)
		if afterData == first && beforeData == last {
			return from, to
		}
		if afterData != first {
			from = afterData
		}
		if beforeData != last {
			to = max(from, beforeData)
		}
	}
}

func (t *Check) cause(kind HoleKind, s image.Symbol, from, to uint64, code []byte) Cause {
	switch {
	case kind == Start && isLandingPad(code):
		return LandingPad
	case kind == Start && isPatchable(code) && !t.isAssembly(from):
		return Patchable
	case len(Covering(t.others, from, to)) > 0:
		return OtherTable
	case len(Covering(t.dwarf, from, to)) > 0:
		return DWARFOnly
	case kind == NoSymbol && t.isReplacement(from):
		return Replacement
	case isErratum(s.Name), t.inPLT(from):
		return Linker
	}
	switch t.subject.origin()(from) {
	case FromAssembly:
		return Annotations
	case FromC:
		return Compiled
	}
	return Unexplained
}

// isAssembly reports whether code is known to come from assembly, into which no compiler puts anything.
func (t *Check) isAssembly(addr uint64) bool {
	return t.subject.origin()(addr) == FromAssembly
}

// inPLT reports whether an address is in the procedure linkage table.
func (t *Check) inPLT(addr uint64) bool {
	start, data, ok := t.Image.Section(".plt")
	return ok && addr-start < uint64(len(data))
}

// isLandingPad reports whether code is one landing pad.
func isLandingPad(code []byte) bool {
	return len(code) == 4 && arm64.IsBTI(binary.LittleEndian.Uint32(code))
}

// isPatchable reports whether code is NOPs, perhaps after a landing pad.
func isPatchable(code []byte) bool {
	for i := 0; i+4 <= len(code); i += 4 {
		if word := binary.LittleEndian.Uint32(code[i:]); word != arm64.NOP && (i > 0 || !arm64.IsBTI(word)) {
			return false
		}
	}
	return true
}
