// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"slices"
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// taken sweeps a target by a kernel's own unwinder in exceptions that really happen where everything is masked.
func taken(t *testing.T, target verdict.Target) *sweep.RunResult {
	t.Helper()
	specs, err := registry.Find("model,image")
	if err != nil {
		t.Fatal(err)
	}
	var result *sweep.RunResult
	o := sweep.Options{Walkers: specs, Modes: []verdict.Mode{verdict.NMI}, Jobs: 1, Deliver: verdict.Taken, Cover: true}
	err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		result = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(result.Deviations); n > 0 {
		t.Errorf("%s: %d exceptions that are taken differ from those that are laid over: %v", target, n,
			result.Deviations[0])
	}
	return result
}

// visited reports whether exceptions have executed a function's first instruction.
func visited(r *sweep.RunResult, function string) bool {
	s, ok := r.Symbols.Lookup(function)
	return ok && r.Visited.Has(s.Addr)
}

// Where interrupts are masked, one that arrives nevertheless is an NMI to kernels with pseudo-NMIs, and to no others.
// The walk is the same.
func TestPseudoNMI(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) { entersForNMI(t, k) })
}

// The same of kernels that were built here: some have pseudo-NMIs, which Debian's haven't.
func TestBuiltPseudoNMI(t *testing.T) {
	some := false
	for _, c := range testkit.BuiltKernels(t) {
		if c.Built.Variant == "" {
			t.Run(c.Series, func(t *testing.T) { some = entersForNMI(t, load(t, c)) || some })
		}
	}
	if !some {
		t.Skip("no kernel with pseudo-NMIs is in the cache: stacksweep kernel build -config-fragment pseudo-nmi")
	}
}

// entersForNMI checks that an interrupt that arrives while interrupts are masked enters for an NMI if the kernel has
// pseudo-NMIs, and only then; and reports whether it has.
func entersForNMI(t *testing.T, k *kernel.Kernel) (pseudo bool) {
	_, pseudo = k.Image().Symbols.Lookup("early_enable_pseudo_nmi")
	target := find(t, k, "masked", "irq")
	for _, enter := range []string{"irqentry_nmi_enter", "arm64_enter_nmi"} {
		if _, ok := k.Image().Symbols.Lookup(enter); !ok {
			continue
		}
		if got := visited(taken(t, target), enter); got != pseudo {
			t.Errorf("%s was executed: %t; the kernel has pseudo-NMIs: %t", enter, got, pseudo)
		}
		return pseudo
	}
	t.Skip("the entry of NMIs has no symbol")
	return pseudo
}

// An SDEI event goes through the kernel's own entry and handler, and back. It writes an ordinary frame record: the
// kernel's own unwinder answers there, and loses the callers that only the registers knew.
func TestEvents(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		r := taken(t, find(t, k, "masked", "sdei"))
		for _, f := range []string{"__sdei_asm_handler", "__sdei_handler", "stub_event"} {
			if !visited(r, f) {
				t.Errorf("%s was not executed", f)
			}
		}
		unsound := slices.ContainsFunc(r.Windows, func(w sweep.Window) bool {
			return w.Walker == "image" && w.Verdict == verdict.Omitted && w.Symbol == "lcm"
		})
		if !unsound {
			t.Error("the kernel's own unwinder loses nothing in an event")
		}
	})
}

// walked executes a scenario in which the kernel walks, and returns the frames that it has reported, by name.
func walked(t *testing.T, target verdict.Target) (frames []string) {
	t.Helper()
	run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
	m := runtest.Machine(t, run)
	if err := m.Run(run.Until, run.Limit); err != nil {
		t.Fatal(err)
	}
	at, ok := run.Image.Symbols.Lookup("stub_walk_frames")
	if !ok {
		t.Fatal("no stub_walk_frames")
	}
	end, err := m.Word(at.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for addr := at.Addr + 8; addr < end; addr += 8 {
		pc, err := m.Word(addr)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, run.Image.Symbols.Name(pc))
	}
	return frames
}

// A walk from the registers of a traced function's return finds all callers. One from those of its entry lacks the
// caller: it is in X30 alone, which frame pointers don't know; a kernel that reads SFrame finds it.
func TestWalksFromRegisters(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for _, tt := range []struct {
			variant string
			want    []string
		}{
			{"from-entry", []string{"gcd+0x8", "stub_start+0x30"}},
			{"from-return", []string{"stub_call_through+0xc", "stub_start+0x30"}},
		} {
			if got := walked(t, find(t, k, "walks", tt.variant)); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.variant, got, tt.want)
			}
		}
	})
}
