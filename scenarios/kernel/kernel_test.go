// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/cover"
	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// loaded holds the kernels of the cache that tests have asked for.
var loaded sync.Map

// load reads a kernel of the cache, once for all tests. None of a distribution goes by a name that tells its version:
// nothing that is expected of it may depend on that.
func load(t *testing.T, c kernels.Entry) *kernel.Kernel {
	t.Helper()
	load, _ := loaded.LoadOrStore(c.Image, sync.OnceValues(func() (*kernel.Kernel, error) {
		name := "own"
		if c.Built != nil {
			name = c.Series
		}
		return kernel.Load(name, c.Image)
	}))
	k, err := load.(func() (*kernel.Kernel, error))()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// forEachKernel runs a test on every kernel of the cache.
func forEachKernel(t *testing.T, test func(t *testing.T, k *kernel.Kernel)) {
	t.Helper()
	cached := testkit.Kernels(t)
	for _, c := range cached {
		t.Run(c.Series, func(t *testing.T) { test(t, load(t, c)) })
	}
}

// record executes a target with all registers.
func record(t *testing.T, target verdict.Target) (*scenarios.Run, *emu.Recording) {
	t.Helper()
	run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
	return run, runtest.Checked(t, run, emu.RunOptions{Verify: true})
}

// Every scenario gives the right results, with the kernel's own code in it.
func TestResults(t *testing.T) {
	through := map[string][]string{
		"fgraph-return": {"return_to_handler", "ftrace_return_to_handler"},
		"fgraph-cycle":  {"ftrace_caller", "ftrace_graph_func", "return_to_handler", "ftrace_return_to_handler"},
		"kretprobe":     {"__kretprobe_trampoline", "__kretprobe_trampoline_handler"},
		"strings":       {"__pi_strlen", "__pi_memcpy", "__pi_memset", "copy_page", "clear_page", "do_csum"},
	}
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for _, target := range verdict.Targets(k.Scenarios()) {
			if isMore(target) {
				continue
			}
			run, r := record(t, target)
			executed := cover.New(run.Image)
			for _, c := range r.Chunks {
				executed.Add(c.PC)
			}
			covered := map[uint64]bool{}
			for _, f := range executed.Functions() {
				covered[f.Symbol.Addr] = true
			}
			if strings.HasSuffix(target.Scenario.Name, "/strings") {
				checkRoutines(t, run.Image, executed)
			}
			name := filepath.Base(target.Scenario.Name)
			for _, f := range through[name] {
				refused := name == "fgraph-cycle" && target.Variant == "refused" && strings.Contains(f, "return")
				if s, ok := run.Image.Symbols.Lookup(f); !ok || covered[s.Addr] == refused {
					t.Errorf("%s: %s was executed: %t", target, f, covered[s.Addr])
				}
			}
			if signed := countSigned(r); (signed > 0) != (target.Variant == "pac") {
				t.Errorf("%s: LR was a signed address %d times", target, signed)
			}
		}
	})
}

// otherCPUs are the routines with a few instructions that are an alternative for another CPU, which isn't patched in,
// or fix-ups of faults.
var otherCPUs = []string{"memcpy", "memmove", "memset", "copy_page", "clear_page", "__arch_clear_user",
	"__arch_copy_from_user", "__arch_copy_to_user"}

// checkRoutines checks that every string routine was executed, each to its last instruction but for what can't be.
func checkRoutines(t *testing.T, im *image.Image, executed *cover.Coverage) {
	t.Helper()
	for s := range im.Symbols.All() {
		if routine := strings.HasPrefix(s.Name, "__pi_str") || strings.HasPrefix(s.Name, "__pi_mem"); routine &&
			s.Kind == image.Func && !executed.Executed(s.Addr) {
			t.Errorf("%s was not executed", s.Name)
		}
	}
	for _, f := range executed.Functions() {
		most := 0
		if slices.Contains(otherCPUs, strings.TrimPrefix(f.Symbol.Name, "__pi_")) {
			most = 14
		}
		if len(f.Missed) > most && !strings.HasPrefix(f.Symbol.Name, "stub_") {
			t.Errorf("%s misses %d of %d instructions: %x", f.Symbol.Name, len(f.Missed), f.Instructions, f.Missed)
		}
	}
}

// isMore reports whether a target is much of the same: picked functions of a shape that isn't exemplary. TestShapes and
// TestHoles run them.
func isMore(t verdict.Target) bool {
	return strings.HasSuffix(t.Scenario.Name, "/functions") &&
		!slices.Contains([]string{"dynamic", "saved-registers", "pac"}, t.Variant)
}

// countSigned counts how often LR became an address with a pointer authentication code.
func countSigned(r *emu.Recording) (n int) {
	for _, c := range r.Chunks {
		for _, f := range c.Frames {
			if f.LR != 0 && f.LR>>48 != 0xffff {
				n++
			}
		}
	}
	return n
}

func sweepTarget(t *testing.T, target verdict.Target, modes []verdict.Mode, walkers string,
	done func(*sweep.RunResult)) {
	t.Helper()
	specs, err := registry.Find(walkers)
	if err != nil {
		t.Fatal(err)
	}
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{Walkers: specs, Modes: modes, Jobs: 2, Keep: func(*sweep.Point) bool {
		return true
	}, Expect: expect}
	err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		done(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, k *kernel.Kernel, name, variant string) verdict.Target {
	t.Helper()
	for _, target := range verdict.Targets(k.Scenarios()) {
		if filepath.Base(target.Scenario.Name) == name && target.Variant == variant {
			return target
		}
	}
	t.Skipf("this kernel has no scenario %s:%s", name, variant)
	return verdict.Target{}
}

// The finding: in a tracer's return callback the kernel's own unwinder passes over the traced function's caller, and
// calls the trace reliable where it can call it anything.
func TestLostCaller(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for _, tt := range []struct {
			name, variant string
			mode          verdict.Mode
			symbol, lost  string
		}{
			{"fgraph-return", "callback", verdict.Sync, "stub_tracer_return", "stub_caller"},
			{"fgraph-return", "resched", verdict.Blocked, "stub_scheduler", "stub_caller"},
			{"fgraph-cycle", "callback", verdict.Sync, "stub_tracer_return", "stub_call_through"},
			{"fgraph-cycle", "resched", verdict.Blocked, "stub_scheduler", "stub_call_through"},
		} {
			t.Run(tt.name+":"+tt.variant, func(t *testing.T) {
				target := find(t, k, tt.name, tt.variant)
				lost := 0
				sweepTarget(t, target, []verdict.Mode{tt.mode}, "image", func(r *sweep.RunResult) {
					for _, w := range r.Windows {
						missing, _ := r.Symbols.Locate(w.Missing)
						if w.Symbol == tt.symbol && w.Verdict == verdict.Omitted && missing == tt.lost {
							lost++
						}
						if w.Regression {
							t.Errorf("%s+%#x: %v is not known", w.Symbol, w.From, w.Verdict)
						}
					}
				})
				if lost != 1 {
					t.Errorf("the caller is lost in %d windows of %s, want 1", lost, tt.symbol)
				}
			})
		}
	})
}

// A shift of the stacks moves all of them down, where the kernel's own vectors see no overflow, and changes no verdict:
// not of overlaid exceptions, nor of a BRK that the kernel takes, nor of interrupts that are taken for real.
func TestShift(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for _, tt := range []struct {
			scenario, variant string
			deliver           verdict.Delivery
			modes             []verdict.Mode
		}{
			{"fgraph-cycle", "nested", verdict.Overlay, verdict.StepModes()},
			{"kretprobe", "nested", verdict.Overlay, verdict.StepModes()},
			{"fgraph-return", "pac", verdict.Taken, []verdict.Mode{verdict.IRQ}},
			{"kretprobe", "pac", verdict.Taken, []verdict.Mode{verdict.IRQ}},
		} {
			target := find(t, k, tt.scenario, tt.variant)
			var counts []string
			for _, shift := range []uint64{0, 4080} {
				specs, err := registry.Find("model,image")
				if err != nil {
					t.Fatal(err)
				}
				o := sweep.Options{Walkers: specs, Modes: tt.modes, Jobs: 1, Deliver: tt.deliver,
					Build: scenarios.Options{Shift: shift}}
				err = sweep.Sweep(t.Context(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
					counts = append(counts, fmt.Sprint(r.Summaries, r.Deviations))
					return nil
				})
				if err != nil {
					t.Fatalf("%v, shift %d: %v", target, shift, err)
				}
			}
			if counts[0] != counts[1] {
				t.Errorf("%v: shifted: %s, not shifted: %s", target, counts[1], counts[0])
			}
		}
	})
}

// An image that is not a kernel is refused.
func TestNoKernel(t *testing.T) {
	_, err := kernel.New("x", corpus.Image())
	if !errors.Is(err, image.ErrNoTypes) {
		t.Errorf("the corpus as a kernel: %v, want %v", err, image.ErrNoTypes)
	}
	if _, err := kernel.Load("x", filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
