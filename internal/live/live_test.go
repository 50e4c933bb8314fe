// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/boot"
	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// bootable returns the newest kernel of a distribution's in the cache, if this machine can boot it and was asked to: it
// takes half a minute for each recording.
func bootable(t *testing.T) *Bootable {
	t.Helper()
	return bootables(t)[0]
}

// bootables returns all of them, newest first. They are loaded and have no scenarios recorded.
func bootables(t *testing.T) (all []*Bootable) {
	t.Helper()
	if os.Getenv("STACKSWEEP_BOOT") == "" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not set ('make test-boot' sets it)")
	}
	if err := boot.Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	cached, err := kernels.Fetched()
	if err != nil || len(cached) == 0 {
		t.Skip("SKIP: no kernel is in the cache")
	}
	for _, c := range slices.Backward(cached) {
		k, err := Open(c, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		k.Log = testLog{t}
		all = append(all, k)
	}
	return all
}

// testLog logs lines.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// recorded boots and records a scenario's variant.
func recorded(t *testing.T, k *Bootable, name, variant string) (*Record, *scenarios.Run) {
	t.Helper()
	for _, x := range kinds(Pairs(k.Kernel.Image())) {
		if x.name != name || x.variant != variant {
			continue
		}
		r, err := k.Record(name+":"+variant, x, 1)
		if errors.Is(err, debian.ErrUnavailable) {
			t.Skipf("SKIP: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		run, err := k.Live(r.Task, r.Recording, r.Code.Word)
		if err != nil {
			t.Fatal(err)
		}
		run.Scenario, run.Variant = name, variant
		return r, run
	}
	t.Fatalf("no %s:%s", name, variant)
	return nil, nil
}

// points sweeps a run in one mode and returns every point.
func points(t *testing.T, run *scenarios.Run, walkers string, mode verdict.Mode) (all []sweep.Point) {
	t.Helper()
	specs, err := registry.Find(walkers)
	if err != nil {
		t.Fatal(err)
	}
	s := scenarios.New(run.Scenario, "", []scenarios.Variant{{Name: run.Variant}},
		func(string, scenarios.Options) (*scenarios.Run, error) {
			return run, nil
		})
	o := sweep.Options{Walkers: specs, Modes: []verdict.Mode{mode}, Jobs: 1, Keep: func(*sweep.Point) bool {
		return true
	}}
	err = sweep.Sweep(context.Background(), []verdict.Target{{Scenario: s, Variant: run.Variant}}, o,
		func(r *sweep.RunResult) error {
			all = append(all, r.Points...)
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func frames(t *unwind.Trace) (pcs []uint64) {
	for _, f := range t.Frames {
		pcs = append(pcs, f.PC)
	}
	return pcs
}

// TestTracedReturn: while return_to_handler calls its handler, with the tracer's own callbacks, the kernel's reliable
// unwinder and our model of it lose the caller, and both say the same at every call of the system call.
func TestTracedReturn(t *testing.T) {
	k := bootable(t)
	_, run := recorded(t, k, "fgraph-return", "plain")
	by := map[string][]sweep.Point{}
	for _, p := range points(t, run, "image,model", verdict.Sync) {
		by[p.Walker] = append(by[p.Walker], p)
	}
	native, model := by["image"], by["model"]
	if len(native) < 50 || len(native) != len(model) {
		t.Fatalf("%d and %d points", len(native), len(model))
	}
	omitted := 0
	for i := range native {
		if native[i].Verdict != model[i].Verdict || !slices.Equal(frames(&native[i].Trace), frames(&model[i].Trace)) {
			t.Errorf("@%d: %v by the kernel, %v by the model", native[i].Step, native[i].Verdict, model[i].Verdict)
		}
		if native[i].Verdict == verdict.Omitted {
			omitted++
			if missing := native[i].Truth; !contains(run.Image.Symbols, missing, "ksys_read") {
				t.Errorf("@%d: nothing of ksys_read in the truth", native[i].Step)
			}
		}
	}
	if omitted < 10 || omitted == len(native) {
		t.Errorf("%d of %d walks omit a frame", omitted, len(native))
	}
}

// contains reports whether any of some addresses lies in a function.
func contains(symbols *image.Symbols, addrs []uint64, function string) bool {
	return slices.ContainsFunc(addrs, func(a uint64) bool {
		s, ok := symbols.At(a)
		return ok && s.Name == function
	})
}

// TestPreemptedTask: a task is switched out in the return handler, for real. Its entry is still on the shadow stack.
// What the kernel says in the stopped machine, what its code says when it is emulated, and what our model says are the
// same: a reliable trace without the caller of the traced function.
func TestPreemptedTask(t *testing.T) {
	k := bootable(t)
	r, run := recorded(t, k, "fgraph-return", "resched")
	if len(r.Gaps) != 1 || len(r.Walks) != 1 || r.Walks[0].Error != 0 {
		t.Fatalf("switched out at %v, walks %v", r.Gaps, r.Walks)
	}
	symbols := run.Image.Symbols
	native := r.Walks[0].Frames
	if contains(symbols, native, "ksys_read") || !contains(symbols, native, "return_to_handler") ||
		!contains(symbols, native, "__arm64_sys_read") {
		t.Errorf("the kernel's own walk: %#x", native)
	}
	c := r.Cursor()
	if err := c.Seek(r.Gaps[0]); err != nil {
		t.Fatal(err)
	}
	words, _ := c.Memory().Word(run.Task.Struct + k.layoutOf(t).CurrRetStack)
	if used := words & 0xffffffff; used != 7 { // the tracer keeps two of its own before it
		t.Errorf("%d words are on the shadow stack, not the 5 of an entry and the 2 of the tracer's", used)
	}
	if ret, _ := c.Memory().Word(r.Task.ShadowStack); !contains(symbols, []uint64{ret}, "ksys_read") {
		t.Errorf("the entry on the shadow stack leads to %s", symbols.Name(ret))
	}
	for _, p := range points(t, run, "image,model,sframe-detect", verdict.Blocked) {
		if p.Walker == "sframe-detect" {
			if p.Trace.Reliable {
				t.Error("sframe-detect doesn't refuse")
			}
			continue
		}
		if p.Verdict != verdict.Omitted {
			t.Errorf("%s: %v", p.Walker, p.Verdict)
		}
		if diff := cmp.Diff(native, frames(&p.Trace)); diff != "" {
			t.Errorf("%s (-booted +%s):\n%s", p.Walker, p.Walker, diff)
		}
	}
}

// TestAll records and sweeps all that there is to be recorded, with one CPU and with two.
func TestAll(t *testing.T) {
	if os.Getenv("STACKSWEEP_BOOT") != "all" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not all")
	}
	k := bootable(t)
	for _, target := range verdict.Targets(k.Scenarios()) {
		t.Run(target.String(), func(t *testing.T) {
			run, err := target.Scenario.Build(target.Variant, scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			reached(t, target.String(), run)
			answered := 0
			for _, mode := range []verdict.Mode{verdict.Sync, verdict.Blocked} {
				by := map[int]sweep.Point{}
				for _, p := range points(t, run, "model,image", mode) {
					if p.Verdict != verdict.Refused {
						answered++
					}
					if other, ok := by[p.Step]; ok &&
						(other.Verdict != p.Verdict || !slices.Equal(frames(&other.Trace), frames(&p.Trace))) {
						t.Errorf("%v@%d: %v by %s, %v by %s", mode, p.Step, other.Verdict, other.Walker,
							p.Verdict, p.Walker)
					}
					by[p.Step] = p
				}
			}
			if answered == 0 {
				t.Error("no walk was answered")
			}
		})
	}
}

// reached complains about a recording that doesn't have what its name says.
func reached(t *testing.T, name string, run *scenarios.Run) {
	t.Helper()
	r := Recorded(run)
	if r == nil {
		t.Fatal("not of a booted kernel")
	}
	executes := func(symbol string) bool {
		s, ok := run.Image.Symbols.Lookup(symbol)
		for i := 0; ok && i < r.Len(); i++ {
			if r.Recording.PC(i) == s.Addr {
				return true
			}
		}
		return false
	}
	if strings.Contains(name, "fgraph") && !executes("return_to_handler") {
		t.Error("no traced function returns")
	}
	if strings.Contains(name, "/kretprobe") && len(r.Task.Instances) == 0 {
		t.Error("no kretprobe is hit")
	}
	if (strings.Contains(name, "asleep") || strings.Contains(name, "resched")) && len(r.Gaps) == 0 {
		t.Error("the task isn't switched out")
	}
	if strings.Contains(name, ":irq") && len(r.Taken) == 0 {
		t.Error("no interrupt is taken")
	}
}
