// Package kunwind models the arm64 kernel's stack unwinder ("kunwind", arch/arm64/kernel/stacktrace.c) in its
// generations and in the forms that have been proposed.
//
// There is one engine. What differs between kernels is a [Profile], a value, and what differs between images is a
// [Kernel]. The engine follows the kernel step by step, its order of checks included, so that a walk fails where the
// kernel's would, and for the same reason.
package kunwind

// A Profile is one generation or proposal of the unwinder.
type Profile struct {
	Name string
	Doc  string // one line
	Ref  string // where it comes from

	// AtException is what the walker does when it meets the registers of an exception.
	AtException Boundary
	// PlainRecords: no metadata records; an exception frame holds an ordinary record, and the walk ends at the
	// record of the task's own pt_regs (until 6.12).
	PlainRecords bool
	// CFAMask has the bits that must be clear in a CFA found by SFrame.
	CFAMask uint64
	// Trampoline is how a PC inside return_to_handler, behind its first instruction, is treated.
	Trampoline Trampoline
}

// A Boundary is a way to deal with an exception's registers.
type Boundary uint8

const (
	// Follow goes on from the interrupted X29 as if it described the interrupted function.
	Follow Boundary = iota
	// Refuse ends the walk as unreliable: nobody knows whether X29 and X30 describe the interrupted function yet.
	Refuse
	// SFrame looks the interrupted PC up in the SFrame tables; where that fails it follows X29 and says unreliable.
	SFrame
)

// A Trampoline is a way to deal with a PC inside return_to_handler.
type Trampoline uint8

const (
	// EntryOnly recognises the trampoline's first address only: what lies behind it is an ordinary PC.
	EntryOnly Trampoline = iota
)

// Profiles lists the profiles, the plainest first.
func Profiles() []Profile {
	return []Profile{
		{
			Name:        "fp",
			Doc:         "frame pointers only, exceptions crossed without a second thought",
			Ref:         "arch_stack_walk in mainline: what a backtrace in an oops does",
			AtException: Follow,
		},
		{
			Name:        "v6.17",
			Doc:         "mainline: reliable unless an exception frame is met",
			Ref:         "arch_stack_walk_reliable since 6.17; 20250521111000.2237470-3-mark.rutland@arm.com",
			AtException: Refuse,
		},
		{
			Name:        "sframe",
			Doc:         "SFrame across exceptions as the series intends it, posted defects mended",
			Ref:         "20260519064950.493949-1-dylanbhatch@google.com",
			AtException: SFrame,
			CFAMask:     0xf,
		},
	}
}
