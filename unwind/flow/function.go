// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"cmp"
	"slices"
)

// How says how much is known of an instruction.
type How uint8

const (
	Unreached How = iota // nothing: no branch that is seen leads here
	Reached              // on a path from an entry
	Inferred             // off every path that is seen, but only one frame makes sense here
	// what stands between code and is never executed: alignment, barriers against speculation, traps
	Filler
)

func (h How) String() string { return [...]string{"unreached", "reached", "inferred", "filler"}[h] }

// State is what holds before an instruction is executed.
type State struct {
	SP, X29, X30 Value

	// Saved are the words of the frame that hold the caller's X29 or the return address, and those that did before they
	// were overwritten with something unknown.
	Saved []Slot
	// Blurred says that stores into the frame could not all be followed: more may be saved than Saved says.
	Blurred bool
	// Record says that X29 points at a frame record that leads to the caller, even if it begins below SP.
	Record bool
}

// A Row says what holds from Start, in bytes from the function's start, up to the next row.
type Row struct {
	Start uint32
	How   How
	State // zero if Unreached or Filler
}

// ExitKind is a way to leave a function.
type ExitKind uint8

const (
	Return          ExitKind = iota + 1 // RET and kin
	Jump                                // a direct branch out of the function
	Computed                            // a branch to a register
	FallThrough                         // execution goes on beyond the function's end
	ExceptionReturn                     // ERET
)

// An Exit is an instruction that leaves the function, or may: a computed branch may stay inside.
type Exit struct {
	At     uint32 // bytes from the function's start
	Kind   ExitKind
	Target uint64 // address that a Jump leads to
	// Untouched says that SP, X29 and X30 are as on entry, so that what is jumped to returns to the function's caller.
	Untouched bool
	State     State // before the instruction; set only where not Untouched
}

// A Function is what is known of a function.
type Function struct {
	Addr uint64
	Size uint32 // bytes
	Rows []Row  // from the start to the end, without a gap
	// Exits are in the order of addresses.
	Exits []Exit
	// NoReturn says that no path leaves the function but by calls that don't return.
	NoReturn bool
	Class    Classification

	answers []answer // what it was told of addresses outside it, sorted
	pads    []Exit   // where exceptions go on in a part that is elsewhere
}

// Row returns the row of the instruction at an offset in bytes, which must be less than Size.
func (f *Function) Row(offset uint32) *Row { return &f.Rows[f.index(offset)] }

// index is the index of the row at an offset.
func (f *Function) index(offset uint32) int {
	i, found := slices.BinarySearchFunc(f.Rows, offset, func(r Row, o uint32) int { return cmp.Compare(r.Start, o) })
	if !found {
		i--
	}
	return i
}

// Analyze interprets the function with the given code (a whole number of little-endian words) at an address. It is
// entered at its start and at the given addresses inside.
func Analyze(code []byte, addr uint64, entries ...uint64) *Function {
	var a analyzer
	return a.analyze(code, addr, seedsAt(addr, entries))
}

// seedsAt are the entries of a function: its start, and the places inside at the given addresses.
func seedsAt(addr uint64, entries []uint64) []seed {
	r := Range{Start: addr, Entries: entries}
	return r.appendSeeds(nil)
}

// asState is what users are shown of a state. previous lends its slots if they are the same.
func (s *state) asState(previous *State) State {
	out := State{SP: s.regs[regSP], X29: s.regs[regFP], X30: s.regs[regLR], Blurred: s.blurred,
		Record: s.hasRecord()}
	var saved [maxSlots]Slot
	n := 0
	for _, slot := range s.slots[:s.nslots] {
		if s.shown(&slot) {
			saved[n] = slot
			n++
		}
	}
	if previous != nil && slices.Equal(previous.Saved, saved[:n]) {
		out.Saved = previous.Saved
	} else if n > 0 {
		out.Saved = slices.Clone(saved[:n])
	}
	return out
}

// asInner is the inverse of asState; the other registers are unknown.
func (s *State) asInner() state {
	in := onEntry()
	in.regs[regSP], in.regs[regFP], in.regs[regLR] = s.SP, s.X29, s.X30
	in.nslots = int8(copy(in.slots[:], s.Saved))
	in.blurred = s.Blurred
	if _, shown := in.slot(s.X29.Offset); s.Record && !shown && int(in.nslots) < len(in.slots) { // it is below SP
		in.slots[in.nslots] = Slot{s.X29.Offset, Value{Kind: CallerFP, By: s.X29.By}}
		in.nslots++
	}
	return in
}
