// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"cmp"
	"errors"
	"fmt"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
)

// Cause says what a run of the file that ended in the machine probably died of, and what helps; both may be empty.
func (f *File) Cause(failure *scenarios.RunFailure) (cause, hint string) {
	e := failure.Err
	called, isCall := f.Undefined(e.PC)
	data, isData := f.Undefined(e.Addr)
	switch {
	case isCall:
		return fmt.Sprintf("%s is called, but %s doesn't define it", called, f.user.Name),
			"link the file with what defines it (ld -r), or -stub makes undefined symbols functions that return 0"
	case errors.Is(e, emu.ErrLimit):
		return "", "-limit allows for more"
	case errors.Is(e, emu.ErrException) && e.Word&arm64.OperandMask == arm64.SVC:
		return "a system call: there is no operating system here",
			"call what comes before it, or a function that makes none"
	case !errors.Is(e, emu.ErrFault):
		return "", ""
	case isData:
		return fmt.Sprintf("that is %s, which %s doesn't define", data, f.user.Name),
			"link the file with what defines it (ld -r)"
	case f.overflows(e.Addr):
		return fmt.Sprintf("the stack of %d KiB has overflowed", cmp.Or(f.options.Stack, guest.StackSize)>>10),
			"-stack-size makes a larger one"
	case e.Access != "fetch" && e.Addr-(userThread-threadBelow-nearThread) < 2*nearThread+threadBelow:
		return "that is near the thread pointer: thread-local data of another file, which isn't there", ""
	case e.Access != "fetch" && e.Addr < guest.PageSize:
		return nullBase(e.Word),
			`buf:N and "text" make arguments that point to memory; there is no other memory than the file's`
	}
	return "", `buf:N and "text" make arguments that point to memory; there is no other memory than the file's`
}

// nearThread is how far from the thread pointer's memory an access still has to do with it, in bytes.
const nearThread = 64 << 10

// overflows reports whether an address lies below the stack, where a frame too large for it would.
func (f *File) overflows(addr uint64) bool {
	const most = 1 << 20
	for _, r := range corpus.Occupied(f.options.Stack) {
		if r.Name == "task stack" {
			return addr < r.Base && r.Base-addr <= most
		}
	}
	return false
}

// nullBase says what a register that is 0, and that a load or store goes through, is for.
func nullBase(word uint32) string {
	switch base := word >> 5 & 31; base {
	case 18:
		return "X18 is 0: code with a shadow call stack keeps its pointer there (-fsanitize=shadow-call-stack)"
	case 28:
		return "X28 is 0: Go keeps the current goroutine there"
	case 31:
		return ""
	default:
		return fmt.Sprintf("a null pointer in X%d", base)
	}
}

// placeIn names an address by the file, where no symbol does.
func (f *File) placeIn(pc uint64) (string, bool) {
	s, ok := f.user.Segment(pc)
	if !ok || s.Perm&image.Exec == 0 {
		return "", false
	}
	return image.Place(f.user.Name, s.Offset+pc-s.Addr), true
}
