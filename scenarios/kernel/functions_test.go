// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/tablecheck"
)

// leastPicked is how many functions a kernel must have that can be called.
const leastPicked = 50

// forTwoKernels runs a test on the newest Image of the cache, which has no unwind tables, and on a vmlinux that has
// some: the one that STACKSWEEP_VMLINUX names, else one that was built and is in the cache.
func forTwoKernels(t *testing.T, test func(t *testing.T, k *kernel.Kernel)) {
	t.Helper()
	cached, err := kernels.List()
	if err != nil {
		t.Fatal(err)
	}
	var found [2]kernels.Entry
	for _, c := range cached {
		if filepath.Base(c.Image) == "vmlinux" {
			found[1] = c
		} else {
			found[0] = c
		}
	}
	if file := os.Getenv("STACKSWEEP_VMLINUX"); file != "" {
		found[1] = kernels.Entry{Series: "own", Image: file}
	}
	for i, name := range []string{"Image", "vmlinux"} {
		t.Run(name, func(t *testing.T) {
			if found[i].Image == "" {
				t.Skip("no such kernel is in the cache: 'stacksweep kernel fetch' gets Images; " +
					"STACKSWEEP_VMLINUX may " +
					"name a vmlinux with SFrame")
			}
			test(t, load(t, found[i]))
		})
	}
}

// Enough functions are found, of nearly every shape, none twice.
func TestPicked(t *testing.T) {
	forTwoKernels(t, func(t *testing.T, k *kernel.Kernel) {
		picked, err := k.Functions()
		if err != nil {
			t.Fatal(err)
		}
		perVariant, seen, ordinary := map[string]int{}, map[uint64]bool{}, 0
		for _, p := range picked {
			if seen[p.Symbol.Addr] {
				t.Errorf("%s is picked twice", p.Symbol.Name)
			}
			seen[p.Symbol.Addr] = true
			perVariant[p.Shape]++
			if !strings.HasPrefix(p.Shape, "hole-") {
				ordinary++
			}
		}
		if ordinary < leastPicked {
			t.Errorf("%d functions are picked, want %d", ordinary, leastPicked)
		}
		// What a kernel has of a shape that can be called depends on its version: 6.1 has no leaf, and before 7.1 the
		// only functions with a dynamic frame do more.
		missing := 0
		for _, target := range functionTargets(k) {
			if perVariant[target.Variant] == 0 && target.Variant != "wrong-row" {
				missing++
			}
		}
		if missing > 4 {
			t.Errorf("no function is picked for %d shapes: %v", missing, perVariant)
		}
		t.Log(perVariant)
	})
}

// Which functions are picked depends on the kernel only.
func TestPickedAgain(t *testing.T) {
	var lists [2][]string
	for i := range lists {
		k, err := kernel.New("again", newestImage(t))
		if err != nil {
			t.Fatal(err)
		}
		picked, err := k.Functions()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range picked {
			lists[i] = append(lists[i], fmt.Sprint(p))
		}
	}
	if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
		t.Errorf("picked once (-) and again (+):\n%s", diff)
	}
}

// functionTargets are the variants of the scenario functions.
func functionTargets(k *kernel.Kernel) []verdict.Target {
	return slices.DeleteFunc(verdict.Targets(k.Scenarios()), func(t verdict.Target) bool {
		return filepath.Base(t.Scenario.Name) != "functions"
	})
}

// passage is what a call did, by the recording: between the call of a function and its return.
type passage struct {
	lowest    int64 // SP at its lowest, from where it was on entry
	calls     int
	again     bool // an instruction of its own was executed twice
	signed    bool // LR had an authentication code
	elsewhere bool // it returned from an instruction that isn't its own
}

// passages follows the calls that stub_call_clean makes, by function.
func passages(run *scenarios.Run, r *emu.Recording) map[uint64][]passage {
	back, _ := run.Image.Symbols.Lookup("stub_clean_back")
	all := map[uint64][]passage{}
	var now *passage
	var entry, entrySP uint64
	var size uint64
	seen := map[uint64]bool{}
	for _, c := range r.Chunks {
		frame := -1
		for i, pc := range c.PC {
			for frame+1 < len(c.Frames) && int(c.Frames[frame+1].Step) <= i {
				frame++
			}
			f := c.Frames[frame]
			if pc == back.Addr {
				if now != nil {
					all[entry] = append(all[entry], *now)
				}
				now = nil
			}
			if now != nil {
				now.lowest = min(now.lowest, int64(f.SP-entrySP))
				now.signed = now.signed || f.LR>>48 != 0xffff && f.LR != 0
				if pc-entry < size {
					now.again = now.again || seen[pc]
					seen[pc] = true
				}
			}
			if i > 0 && c.PC[i-1] == back.Addr-4 { // the BLR
				s, _ := run.Image.Symbols.At(pc)
				now, entry, entrySP, size = &passage{}, pc, f.SP, s.Size
				clear(seen)
				seen[pc] = true
			}
			if now != nil {
				for k := range c.Transfers {
					tr := &c.Transfers[k]
					if int(tr.Step) != i {
						continue
					}
					switch {
					case tr.Kind == emu.Call:
						now.calls++
					case tr.Kind == emu.Return && tr.To == back.Addr:
						now.elsewhere = pc-entry >= size
					}
				}
			}
		}
	}
	return all
}

// What a shape promises is what a call of each of its functions does, seen from outside.
func TestShapes(t *testing.T) {
	shows := map[string]func(p passage) bool{
		"dynamic":         func(p passage) bool { return p.lowest < 0 },
		"tail-call":       func(p passage) bool { return p.elsewhere },
		"protector":       func(p passage) bool { return p.lowest < 0 },
		"shrink-wrapped":  func(p passage) bool { return p.lowest < 0 },
		"big-frame":       func(p passage) bool { return p.lowest <= -256 },
		"indirect":        func(p passage) bool { return p.calls > 0 },
		"leaf-locals":     func(p passage) bool { return p.calls == 0 && p.lowest < 0 },
		"leaf":            func(p passage) bool { return p.calls == 0 && p.lowest == 0 && !p.again },
		"leaf-loop":       func(p passage) bool { return p.calls == 0 && p.lowest == 0 && p.again },
		"loop":            func(p passage) bool { return p.lowest < 0 && p.again },
		"saved-registers": func(p passage) bool { return p.lowest <= -32 },
		"frame-record":    func(p passage) bool { return p.lowest < 0 },
		"pac":             func(p passage) bool { return p.signed },
	}
	forTwoKernels(t, func(t *testing.T, k *kernel.Kernel) {
		picked, err := k.Functions()
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range functionTargets(k) {
			show, ok := shows[target.Variant]
			if !ok {
				continue
			}
			run, r := record(t, target)
			all := passages(run, r)
			for _, p := range picked {
				if p.Shape != target.Variant {
					continue
				}
				made := all[p.Symbol.Addr]
				if len(made) != len(p.Calls) {
					t.Errorf("%s: %s was called %d times, want %d", target, p.Symbol.Name, len(made), len(p.Calls))
				}
				if !slices.ContainsFunc(made, show) {
					t.Errorf("%s: no call of %s is of this shape: %+v", target, p.Symbol.Name, made)
				}
			}
		}
	})
}

// An interrupt in plain code is walked exactly by the unwind table, or refused; and it is refused exactly where the
// static check of the table finds a hole. Only where the check finds a wrong row it may be anything.
func TestTableDecides(t *testing.T) {
	forTwoKernels(t, func(t *testing.T, k *kernel.Kernel) {
		check, err := tablecheck.Run(k.Image(), tablecheck.Options{})
		if errors.Is(err, tablecheck.ErrNoTable) {
			t.Skip("the kernel has no unwind table")
		}
		if err != nil {
			t.Fatal(err)
		}
		const hole, wrong = "in a hole", "where the row is wrong"
		static := map[uint64]string{}
		for _, h := range check.Holes {
			for pc := h.From; pc < h.To; pc += 4 {
				static[pc] = hole
			}
		}
		for _, d := range check.Disagree {
			for pc := d.From; pc < d.To; pc += 4 {
				static[pc] = wrong
			}
		}
		text, _ := k.Image().Symbols.Lookup("_stext")
		end, _ := k.Image().Symbols.Lookup("_etext")
		swept, unsound := map[string]int{}, 0
		for _, target := range functionTargets(k) {
			sweepTarget(t, target, []verdict.Mode{verdict.IRQ, verdict.NMI}, "sframe,cfi", func(r *sweep.RunResult) {
				for i := range r.Points {
					p := &r.Points[i]
					if p.PC < text.Addr || p.PC >= end.Addr {
						continue // the stubs, which have no table
					}
					is := static[p.PC]
					swept[is]++
					want := map[string]verdict.Verdict{"": verdict.Exact, hole: verdict.Refused, wrong: p.Verdict}[is]
					if p.Verdict != want {
						t.Errorf("%s@%d, %s: %v at %s, want %v", target, p.Step, p.Walker, p.Verdict,
							tablecheck.Place(k.Image(), p.PC), want)
					}
					if is == wrong && !p.Verdict.Conforming() {
						unsound++
					}
				}
			})
		}
		if swept[""] == 0 || swept[hole] == 0 {
			t.Errorf("points by what the static check says: %v", swept)
		}
		if swept[wrong] > 0 && unsound == 0 {
			t.Errorf("no walk is unsound at %d points where rows are wrong", swept[wrong])
		}
		t.Log(swept)
	})
}
