package kernel_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"stacksweep/emu"
	"stacksweep/emu/image"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
)

// loaded holds the kernels of the cache that tests have asked for.
var loaded sync.Map

// forEachKernel runs a test on every kernel of the cache.
func forEachKernel(t *testing.T, test func(t *testing.T, k *kernel.Kernel)) {
	t.Helper()
	cached, err := kernels.Fetched()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel is in the cache: 'stacksweep kernel fetch' gets some")
	}
	for _, c := range cached {
		t.Run(c.Series, func(t *testing.T) {
			load, _ := loaded.LoadOrStore(c.Image, sync.OnceValues(func() (*kernel.Kernel, error) {
				return kernel.Load(c.Series, c.Image)
			}))
			k, err := load.(func() (*kernel.Kernel, error))()
			if err != nil {
				t.Fatal(err)
			}
			test(t, k)
		})
	}
}

// record executes a target with all registers.
func record(t *testing.T, target sweep.Target) (*scenarios.Run, *emu.Recording) {
	t.Helper()
	run, err := target.Scenario.Build(target.Variant, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := emu.New(run.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.SetRegs(run.Start); err != nil {
		t.Fatal(err)
	}
	r, err := m.Record(emu.RunOptions{Until: run.Until, Limit: run.Limit, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range run.Checks {
		if got, err := m.Word(c.Addr); err != nil || got != c.Want {
			t.Errorf("%s: %s is %#x, not %#x", target, c.What, got, c.Want)
		}
	}
	return run, r
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
		for _, target := range sweep.Targets(k.Scenarios()) {
			run, r := record(t, target)
			executed := sweep.NewCoverage(run.Image)
			for _, c := range r.Chunks {
				executed.Add(c.PC)
			}
			covered := map[uint64]bool{}
			for _, f := range executed.Functions() {
				covered[f.Symbol.Addr] = true
				if strings.HasSuffix(target.Scenario.Name, "/strings") && len(f.Missed) > 0 {
					t.Logf("%s misses %d of %d instructions: %x", f.Symbol.Name, len(f.Missed), f.Symbol.Size/4, f.Missed)
				}
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

// The models of the unwinder and the kernels' own say the same at every point, warnings included; and no model is
// unsound anywhere but where that is known.
func TestAgreement(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		pairs := [][2]string{{"v6.17", "image"}, {"fp", "image-walk"}}
		if fact(k, "reliable unwinder") == "none" {
			pairs = [][2]string{{"v6.12", "image"}}
			if strings.HasPrefix(fact(k, "shadow stack"), "an array of structs") {
				pairs = [][2]string{{"v6.1", "image"}}
			}
		}
		for _, target := range sweep.Targets(k.Scenarios()) {
			if slices.Contains([]string{"empty", "callback", "handler"}, target.Variant) {
				continue // nested has all of it
			}
			walkers := strings.Join(models(), ",")
			modes := sweep.Modes()
			if strings.HasSuffix(target.Scenario.Name, "/strings") {
				modes = []sweep.Mode{sweep.Sync} // long, and much of the same: all modes are for the command
			}
			compared := pairs[:1]
			if target.Variant == "nested" {
				compared = pairs
			}
			for _, pair := range compared {
				walkers += "," + pair[1]
			}
			sweepTarget(t, target, modes, walkers, func(r *sweep.RunResult) {
				for _, pair := range compared {
					points, differences := sweep.Agree(r, pair[0], pair[1])
					if points == 0 {
						t.Errorf("%s: %v walked nothing", target, pair)
					}
					for _, d := range differences[:min(5, len(differences))] {
						t.Errorf("%s@%d, %v: %v: %s", target, d.A.Step, d.A.Mode, pair, d.What)
					}
				}
				for _, w := range r.Windows {
					if w.Regression && !strings.HasPrefix(w.Walker, "image") {
						t.Errorf("%s %s %v %s+%#x: %v is not known", target, w.Walker, w.Mode, w.Symbol, w.From, w.Verdict)
					}
				}
			})
		}
	})
}

// models names all unwinders but those of images.
func models() (names []string) {
	for _, w := range sweep.Walkers() {
		names = append(names, w.Name)
	}
	return names
}

// A comparison that could not fail would be worth nothing.
func TestDisagreement(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		target := find(t, k, "fgraph-return", "nested")
		sweepTarget(t, target, []sweep.Mode{sweep.Sync}, "sframe-detect,image", func(r *sweep.RunResult) {
			if _, differences := sweep.Agree(r, "sframe-detect", "image"); len(differences) == 0 {
				t.Error("an unwinder that detects the trampoline agrees with one that doesn't")
			}
		})
	})
}

func sweepTarget(t *testing.T, target sweep.Target, modes []sweep.Mode, walkers string, done func(*sweep.RunResult)) {
	t.Helper()
	specs, err := sweep.FindWalkers(walkers)
	if err != nil {
		t.Fatal(err)
	}
	expect, err := sweep.KnownVerdicts()
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{Walkers: specs, Modes: modes, Jobs: 2, Keep: func(*sweep.Point) bool { return true }, Expect: expect}
	err = sweep.Sweep(t.Context(), []sweep.Target{target}, o, func(r *sweep.RunResult) error {
		done(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, k *kernel.Kernel, name, variant string) sweep.Target {
	t.Helper()
	for _, target := range sweep.Targets(k.Scenarios()) {
		if filepath.Base(target.Scenario.Name) == name && target.Variant == variant {
			return target
		}
	}
	t.Skipf("this kernel has no scenario %s:%s", name, variant)
	return sweep.Target{}
}

func fact(k *kernel.Kernel, what string) string {
	for _, f := range k.Facts() {
		if f.What == what {
			return f.Is
		}
	}
	return ""
}

// The finding: in a tracer's return callback the kernel's own unwinder passes over the traced function's caller, and
// calls the trace reliable where it can call it anything.
func TestLostCaller(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		for _, tt := range []struct {
			name, variant string
			mode          sweep.Mode
			symbol, lost  string
		}{
			{"fgraph-return", "callback", sweep.Sync, "stub_tracer_return", "stub_caller"},
			{"fgraph-return", "resched", sweep.Blocked, "stub_scheduler", "stub_caller"},
			{"fgraph-cycle", "callback", sweep.Sync, "stub_tracer_return", "stub_call_through"},
			{"fgraph-cycle", "resched", sweep.Blocked, "stub_scheduler", "stub_call_through"},
		} {
			t.Run(tt.name+":"+tt.variant, func(t *testing.T) {
				target := find(t, k, tt.name, tt.variant)
				lost := 0
				sweepTarget(t, target, []sweep.Mode{tt.mode}, "image", func(r *sweep.RunResult) {
					for _, w := range r.Windows {
						missing, _ := sweep.Locate(r.Symbols, w.Missing)
						if w.Symbol == tt.symbol && w.Verdict == sweep.Omitted && missing == tt.lost {
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

// No verdict depends on where the stack is.
func TestShift(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		target := find(t, k, "fgraph-cycle", "nested")
		var counts []string
		for _, shift := range []uint64{0, 4080} {
			specs, err := sweep.FindWalkers("v6.17,image")
			if err != nil {
				t.Fatal(err)
			}
			o := sweep.Options{Walkers: specs, Modes: sweep.Modes(), Jobs: 1, Build: scenarios.Options{Shift: shift}}
			err = sweep.Sweep(t.Context(), []sweep.Target{target}, o, func(r *sweep.RunResult) error {
				counts = append(counts, fmt.Sprint(r.Summaries))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if counts[0] != counts[1] {
			t.Errorf("shifted: %s, not shifted: %s", counts[1], counts[0])
		}
	})
}

// An interrupt that goes through the kernel's own vectors, entry code and interrupt stack leaves no trace, wherever it
// lands, and walks from its handler find what they find with an overlay; pointer authentication being on.
func TestTakenInterrupts(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		model := "fp,image"
		if fact(k, "reliable unwinder") == "none" {
			model = "v6.12,image"
		}
		for _, target := range sweep.Targets(k.Scenarios()) {
			if target.Variant == "pac" {
				takeInterrupts(t, target, model)
			}
		}
	})
}

// takeInterrupts takes every interrupt of a scenario for real, of which nothing must be seen.
func takeInterrupts(t *testing.T, target sweep.Target, walkers string) {
	t.Helper()
	specs, err := sweep.FindWalkers(walkers)
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{Walkers: specs, Modes: []sweep.Mode{sweep.IRQ}, Jobs: 2, Deliver: sweep.Taken}
	err = sweep.Sweep(t.Context(), []sweep.Target{target}, o, func(r *sweep.RunResult) error {
		for _, d := range r.Deviations[:min(3, len(r.Deviations))] {
			t.Errorf("%s@%d: %s %s", target, d.Step, d.Walker, d.What)
		}
		if r.Untaken > 0 || r.Summaries[0].Points == 0 {
			t.Errorf("%s: %d of %d interrupts were not taken", target, r.Untaken, r.Summaries[0].Points)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// An image that is no kernel is refused.
func TestNoKernel(t *testing.T) {
	_, err := kernel.New("x", corpus.Image())
	if !errors.Is(err, image.ErrNoTypes) {
		t.Errorf("the corpus as a kernel: %v, want %v", err, image.ErrNoTypes)
	}
	if _, err := kernel.Load("x", filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// The committed stubs are what their source gives.
func TestStubsAreBuilt(t *testing.T) {
	gcc, err := exec.LookPath("aarch64-linux-gnu-gcc")
	if err != nil {
		t.Skip("no cross compiler")
	}
	built := filepath.Join(t.TempDir(), "stubs.o")
	if out, err := exec.Command(gcc, "-c", "-o", built, "src/stubs.S").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := image.Load(built)
	if err != nil {
		t.Fatal(err)
	}
	got, err := image.Load("stubs.o")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Segments) != len(want.Segments) {
		t.Fatalf("%d segments, want %d: run go generate", len(got.Segments), len(want.Segments))
	}
	for i, s := range want.Segments {
		if string(s.Data) != string(got.Segments[i].Data) {
			t.Errorf("segment %s differs: run go generate", s.Name)
		}
	}
}
