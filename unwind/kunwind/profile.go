// SPDX-License-Identifier: GPL-2.0-only

// Package kunwind models the arm64 kernel's stack unwinder ("kunwind", arch/arm64/kernel/stacktrace.c) in its
// generations and in the forms that have been proposed.
//
// There is one engine. What differs between kernels is a [Profile], a value, and what differs between images is an
// [unwind.Layout]. The engine follows the kernel step by step, its order of checks included, so that a walk fails where
// the kernel's would, and for the same reason.
package kunwind

// A Profile is one generation or proposal of the unwinder.
type Profile struct {
	Name string
	Doc  string // one line
	Ref  string // where it comes from

	// AtException is what the walker does when it meets the registers of an exception.
	AtException Boundary
	// CFAMask has the bits that must be clear in a CFA found by an unwind table.
	CFAMask uint64
	// Claim is what of a walk decides whether the trace is called reliable.
	Claim Claim
	// Room is how many frames the consumer has room for; 0 is any number. The kernel's consumers stop a walk at the
	// frame that fills their buffer, and a walk that is stopped is an error.
	Room int
	// Loops: what a kretprobe has kept is recovered again, until it is neither trampoline.
	Loops bool
	// LosesRegs: a step that began at an exception's registers forgets the registers that it led to, too. Only a walk
	// that goes on without a table notices.
	LosesRegs bool
	// Trampoline is how a PC inside return_to_handler, after its first instruction, is treated.
	Trampoline Trampoline
	// PreMetadata: there are no metadata records; an exception frame holds an ordinary record {X29, PC}, and the walk
	// ends at the record of the task's own pt_regs.
	PreMetadata bool
	// NoGraphCursor: every search of the shadow stack starts at its top, so that an entry can be found twice.
	NoGraphCursor bool
	// KretprobeUnchecked: a return address that isn't found in any kretprobe instance becomes 0, not an error.
	KretprobeUnchecked bool
}

// A Boundary is a way to deal with an exception's registers.
type Boundary uint8

const (
	// Follow goes on from the interrupted X29 as if it described the interrupted function.
	Follow Boundary = iota
	// Refuse ends the walk as unreliable: X29 and X30 may not describe the interrupted function.
	Refuse
	// SFrame looks the interrupted PC up in the SFrame tables.
	SFrame
	// CFI looks it up in the DWARF call frame information.
	CFI
)

// A Claim is a way to come to the verdict "reliable".
type Claim uint8

const (
	// Strict: no error, and no exception that was crossed without an unwind table.
	Strict Claim = iota
	// Heard: errors count, but a table that failed counts only if a frame is reported after it.
	Heard
	// Dropped: errors of the walk don't count at all, a table that failed only if a frame is reported after it.
	Dropped
	// Unclaimed: all that is reported is taken at its word, as by arch_stack_walk, which answers nothing. Judged is a
	// walk that ends where the stack does.
	Unclaimed
)

// A Trampoline is a way to deal with a PC inside return_to_handler.
type Trampoline uint8

const (
	// EntryOnly recognises the trampoline's first address only: any later PC is an ordinary one.
	EntryOnly Trampoline = iota
	// Detect makes the trace unreliable when a PC lies anywhere after the first instruction.
	Detect
	// Recover takes the caller of such a PC from the shadow stack, by the current frame pointer.
	Recover
)
