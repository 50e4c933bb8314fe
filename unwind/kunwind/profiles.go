// SPDX-License-Identifier: GPL-2.0-only

package kunwind

// The series "unwind, arm64: add sframe unwinder for kernel", version 6 of 2026-05-19, and the review of version 5.
const (
	seriesV6   = "20260519064950.493949-1-dylanbhatch@google.com"
	reviewOfV5 = "afTYzAF_x41pyilu@J2N7QTR9R3"
)

// Profiles lists the profiles, the plainest first.
func Profiles() []Profile {
	return []Profile{
		{
			Name:        "fp",
			Doc:         "frame pointers only, exceptions crossed without a second thought",
			Ref:         "arch_stack_walk in mainline: what the backtrace of an oops does",
			AtException: Follow,
		},
		{
			Name:               "v6.1",
			Doc:                "before metadata records: an exception frame is an ordinary record; no cursor, no check",
			Ref:                "arch/arm64/kernel/stacktrace.c in 6.1",
			AtException:        Follow,
			PreMetadata:        true,
			NoGraphCursor:      true,
			KretprobeUnchecked: true,
		},
		{
			Name:        "v6.12",
			Doc:         "the last before metadata records",
			Ref:         "arch/arm64/kernel/stacktrace.c in 6.12",
			AtException: Follow,
			PreMetadata: true,
		},
		{
			Name:        "v6.17",
			Doc:         "mainline: reliable unless an exception frame is met",
			Ref:         "arch_stack_walk_reliable since 6.17; 20250521111000.2237470-3-mark.rutland@arm.com",
			AtException: Refuse,
		},
		{
			Name:        "sframe-v5",
			Doc:         "SFrame series v5: where the lookup fails, an ordinary record is read as a metadata record",
			Ref:         "review " + reviewOfV5,
			AtException: SFrame,
			Fallback:    ToMeta,
			CFAMask:     0x7,
		},
		{
			Name:        "sframe-v6",
			Doc:         "SFrame series v6 as posted: CFA mask 0x15, and errors of the walk don't reach the verdict",
			Ref:         seriesV6,
			AtException: SFrame,
			CFAMask:     0x15,
			DropsResult: true,
		},
		{
			Name:        "sframe",
			Doc:         "SFrame across exceptions as the series intends it, posted defects mended",
			Ref:         seriesV6,
			AtException: SFrame,
			CFAMask:     0xf,
		},
		{
			Name:        "cfi",
			Doc:         "the same with DWARF call frame information instead of SFrame",
			Ref:         "no kernel does; to tell what the format loses",
			AtException: CFI,
			CFAMask:     0xf,
		},
		{
			Name:        "sframe-detect",
			Doc:         "and a PC anywhere inside return_to_handler makes the trace unreliable",
			Ref:         "proposed in " + reviewOfV5,
			AtException: SFrame,
			CFAMask:     0xf,
			Trampoline:  Detect,
		},
		{
			Name:        "sframe-recover",
			Doc:         "and the caller of a PC inside return_to_handler comes from the shadow stack",
			Ref:         "proposed in " + reviewOfV5 + "; meant for a trampoline that restores before it pops",
			AtException: SFrame,
			CFAMask:     0xf,
			Trampoline:  Recover,
		},
	}
}
