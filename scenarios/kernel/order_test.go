// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"slices"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
)

// poppedFirst executes a run in which a return handler is preempted, and reports whether the entry had been popped from
// the shadow stack by then: the last store to curr_ret_stack before the call of the scheduler took something away.
func poppedFirst(t *testing.T, run *scenarios.Run, schedule string) bool {
	t.Helper()
	entry, ok := run.Image.Symbols.Lookup(schedule)
	if !ok {
		t.Fatalf("no %s", schedule)
	}
	m := runtest.Machine(t, run)
	curr := run.Task.Struct + run.Kernel.Graph.CurrRetStack
	called, popped, popsAfter := false, false, false
	err := m.Stream(emu.RunOptions{Until: run.Until, Limit: run.Limit}, func(c *emu.Chunk) error {
		stores := c.Stores
		for i, pc := range c.PC {
			called = called || pc == entry.Addr
			for ; len(stores) > 0 && int(stores[0].Step) <= i; stores = stores[1:] {
				if s := stores[0]; s.Addr != curr {
					continue
				} else if takes := int32(s.New) < int32(s.Old); called {
					popsAfter = popsAfter || takes
				} else {
					popped = takes
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !called || !popped && !popsAfter {
		t.Fatalf("%s:%s: called %s: %t; popped before %t, after %t", run.Scenario, run.Variant, schedule, called,
			popped, popsAfter)
	}
	return popped
}

// The corpus enables preemption and pops in the order of the kernels, each of which that preempts in its return handler
// is executed. (Until 6.12 Debian's kernels don't: they are built with PREEMPT_VOLUNTARY.) The order decides what is
// left of the caller of a task that is switched out there.
func TestOrderOfPop(t *testing.T) {
	s, ok := corpus.All().Find("fgraph/resched")
	if !ok {
		t.Fatal("no fgraph/resched")
	}
	order := map[string]bool{}
	for _, variant := range []string{"mainline", "pop-first"} {
		run := runtest.Build(t, s, variant, scenarios.Options{})
		order[variant] = poppedFirst(t, run, "preempt_schedule_notrace")
	}
	if !order["pop-first"] {
		t.Error("pop-first pops after it was preempted")
	}
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for _, s := range k.Scenarios() {
			if !slices.ContainsFunc(s.Variants, func(v scenarios.Variant) bool { return v.Name == "resched" }) {
				continue
			}
			run := runtest.Build(t, s, "resched", scenarios.Options{})
			if first := poppedFirst(t, run, k.Reschedules()); first != order["mainline"] {
				t.Errorf("%s: popped before it was preempted: %t; the corpus: %t", s.Name, first, order["mainline"])
			}
		}
	})
}
