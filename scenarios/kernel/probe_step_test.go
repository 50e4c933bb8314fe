// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"testing"

	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
)

// A probed instruction is executed in its slot once, between the kernel's two BRK handlers; the slot of a probe that is
// hit in another one's handler, too. What follows it is found again when the probed function sleeps: its record was
// pushed in the slot, in a kretprobe with the trampoline in it.
func TestProbedInstructionIsExecutedElsewhere(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		find(t, k, "probe-step", "plain")
		for variant, slots := range map[string][]string{"plain": {"stub_slot"},
			"reentered": {"stub_slot", "stub_slot_inner"}, "hooked": {"stub_slot"}} {
			t.Run(variant, func(t *testing.T) {
				target := find(t, k, "probe-step", variant)
				run, recording := record(t, target)
				executed := map[uint64]int{}
				for _, c := range recording.Chunks {
					for _, pc := range c.PC {
						executed[pc]++
					}
				}
				for _, name := range slots {
					slot, _ := run.Image.Symbols.Lookup(name)
					if executed[slot.Addr] != 1 || executed[slot.Addr+4] != 1 {
						t.Errorf("%s: %d and %d times", name, executed[slot.Addr], executed[slot.Addr+4])
					}
				}
				probed, _ := run.Image.Symbols.Lookup("stub_probed")
				if executed[probed.Addr] != 1 || executed[probed.Addr+4] != 1 {
					t.Errorf("stub_probed: %d and %d times", executed[probed.Addr], executed[probed.Addr+4])
				}
				asleep := verdictsIn(t, target, verdict.Blocked, "stub_scheduler")
				if asleep[verdict.Exact] != 1 || len(asleep) != 1 {
					t.Errorf("asleep: %v", asleep)
				}
				inSlot := verdictsIn(t, target, verdict.NMI, "stub_slot")
				if k.Reliable() && (inSlot[verdict.Refused] != 2 || len(inSlot) != 1) {
					t.Errorf("interrupted in the slot: %v", inSlot)
				}
			})
		}
	})
}
