// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"slices"

	"stacksweep/emu"
)

// Facts are what the oracles are told about the code under test. Everything else they learn from what it does.
type Facts struct {
	// Hooks are the addresses at which a hooked return arrives: return_to_handler, a kretprobe trampoline. A function
	// that returns there has not yet returned, in the logical sense, to its caller.
	Hooks []uint64
	// Fixups maps an instruction of the exception table to the address where an exception there may return to.
	Fixups map[uint64]uint64
	// Function returns where the function at an address begins, 0 if that isn't known. It may be nil. It tells jumps
	// within a function from those to another.
	Function func(addr uint64) uint64
	// Tasks says what other tasks run in turn with the one that the truth is about.
	Tasks Tasks
	// Unfinished: the run was broken off, so that calls are open at its end. Of these only the past is known.
	Unfinished bool
}

// sameFunction reports whether two addresses are in one function, as far as that is known.
func (f *Facts) sameFunction(a, b uint64) bool {
	if f.Function == nil {
		return false
	}
	start := f.Function(a)
	return start != 0 && start == f.Function(b)
}

// differentFunctions reports whether two addresses are known to be in different functions.
func (f *Facts) differentFunctions(a, b uint64) bool {
	if f.Function == nil {
		return false
	}
	x, y := f.Function(a), f.Function(b)
	return x != 0 && y != 0 && x != y
}

// isHook reports whether a hooked return arrives at an address.
func (f *Facts) isHook(addr uint64) bool { return slices.Contains(f.Hooks, addr) }

// entersHandler reports whether a transfer is an exception that a hook itself raises to get into its handler, as a
// kretprobe's BRK does: the handler takes the place of the trampoline, and its ERET is the hooked return.
func (f *Facts) entersHandler(t *Transfer) bool {
	return t.Kind == emu.Exception && f.isHook(t.From)
}

// elsewhere is where an exception may return to besides the interrupted instruction.
func (f *Facts) elsewhere(from uint64) uint64 {
	if fixup, ok := f.Fixups[from]; ok {
		return fixup
	}
	return from + 4
}

// goesOn reports whether an exception at from may return to an address: the interrupted instruction is executed again,
// or the code goes on after it. An instruction that is in the exception table goes on at its fix-up, and any other at
// the next one, as a kprobe's BRK does when the handler has done the work of the instruction that it replaces.
func (f *Facts) goesOn(from, to uint64) bool {
	return to == from || to == f.elsewhere(from)
}
