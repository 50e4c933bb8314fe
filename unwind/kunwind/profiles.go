// SPDX-License-Identifier: GPL-2.0-only

package kunwind

// The series "unwind, arm64: add sframe unwinder for kernel": version 6 of 2026-05-19, version 7 of 2026-09-18, and the
// review of version 5.
const (
	seriesV6   = "20260519064950.493949-1-dylanbhatch@google.com"
	seriesV7   = "20260918224157.1471085-1-dylanbhatch@google.com"
	reviewOfV5 = "afTYzAF_x41pyilu@J2N7QTR9R3"
)

// klpEntries is how many frames live patching has room for (MAX_STACK_ENTRIES in kernel/livepatch/transition.c).
const klpEntries = 100

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
			Name: "v6.1",
			Doc: "before metadata records: an exception frame is an ordinary record; no " +
				"cursor, no check",
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
			Room:        klpEntries,
		},
		{
			Name:        "v6.17-loop",
			Doc:         "and what a kretprobe has kept may be the graph tracer's trampoline: it is recovered again",
			Ref:         "not posted; the kernel edit loop of 'stacksweep kernel build'",
			AtException: Refuse,
			Room:        klpEntries,
			Loops:       true,
		},
		{
			Name: "sframe-v6",
			Doc: "SFrame series v6 (2026-05-19) as posted: CFA mask 0x15, errors of the walk don't reach " +
				"the verdict",
			Ref:         seriesV6,
			AtException: SFrame,
			CFAMask:     0x15,
			Claim:       Dropped,
			Room:        klpEntries,
		},
		{
			Name:        "sframe-v6-walk",
			Doc:         "its arch_stack_walk, which an oops prints: SFrame at exceptions, else by X29, no claim",
			Ref:         seriesV6,
			AtException: SFrame,
			CFAMask:     0x15,
			Claim:       Unclaimed,
			LosesRegs:   true,
		},
		{
			Name:        "sframe-v7",
			Doc:         "SFrame series v7 (2026-09-18) and v8 (October 2026), inferred from their lists of changes",
			Ref:         seriesV7,
			AtException: SFrame,
			CFAMask:     0xf,
			Claim:       Heard,
			Room:        klpEntries,
		},
		{
			Name:        "sframe",
			Doc:         "SFrame across exceptions as the series intends it, posted defects mended",
			Ref:         seriesV6,
			AtException: SFrame,
			CFAMask:     0xf,
			Room:        klpEntries,
		},
		{
			Name: "cfi",
			Doc: "the kernel's algorithm with DWARF call frame information for the interrupted frame only, " +
				"then frame records",
			Ref:         "no kernel does; to tell what the format loses",
			AtException: CFI,
			CFAMask:     0xf,
			Room:        klpEntries,
		},
		{
			Name:        "sframe-loop",
			Doc:         "and what a kretprobe has kept may be the graph tracer's trampoline: it is recovered again",
			Ref:         "not posted",
			AtException: SFrame,
			CFAMask:     0xf,
			Room:        klpEntries,
			Loops:       true,
		},
		{
			Name:        "sframe-detect",
			Doc:         "and a PC anywhere inside return_to_handler makes the trace unreliable",
			Ref:         "proposed in " + reviewOfV5,
			AtException: SFrame,
			CFAMask:     0xf,
			Room:        klpEntries,
			Trampoline:  Detect,
		},
		{
			Name:        "sframe-recover",
			Doc:         "and the caller of a PC inside return_to_handler comes from the shadow stack",
			Ref:         "proposed in " + reviewOfV5 + "; meant for a trampoline that restores before it pops",
			AtException: SFrame,
			CFAMask:     0xf,
			Room:        klpEntries,
			Trampoline:  Recover,
		},
	}
}
