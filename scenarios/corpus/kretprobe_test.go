// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
	"stacksweep/unwind/kretprobe"
)

// Whether the caller of a kretprobed function is lost to an unwinder that crosses exceptions, and where. Entry:
// mainline rewrites LR before it links the instance. Return: only trampolines that unlink first lose it.
func TestWhereKretprobesLoseTheCaller(t *testing.T) {
	afterUnlink := []string{"kretprobe_trampoline_handler", "recycle_instance"}
	for _, tt := range []struct {
		variant, walker string
		want            []string
	}{
		{"mainline", "sframe", []string{"pre_handler_kretprobe"}},
		{"link-first", "sframe", nil},
		{"rethook", "sframe", []string{"pre_handler_kretprobe"}},
		{"rethook", "v6.12", nil},
		{"frame", "sframe", append([]string{"pre_handler_kretprobe", "trampoline_probe_handler"}, afterUnlink...)},
		{"frame", "v6.12", append([]string{"kretprobe_trampoline_frame", "trampoline_probe_handler"}, afterUnlink...)},
		{"plain", "v6.12",
			append([]string{"brk_handler", "el1h_64_sync_handler", "el1h_64_sync_plain", "kretprobe_brk_handler",
				"ret_to_kernel"}, afterUnlink...)},
	} {
		walkers, err := registry.Find(tt.walker)
		if err != nil {
			t.Fatal(err)
		}
		target := corpustest.Target(t, "kretprobe/annotated:"+tt.variant)
		sweepAll(t, []verdict.Target{target}, walkers, func(t *testing.T, r *sweep.RunResult) {
			lost := map[string]bool{}
			for _, p := range r.Points {
				if p.Trace.Failure.Reason == unwind.KretprobeLost {
					name, _ := r.Symbols.Locate(p.PC)
					lost[name] = true
				}
			}
			got := slices.Sorted(maps.Keys(lost))
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: the caller is lost in (-want +got):\n%s", tt.walker, diff)
			}
		})
	}
}

// From the trampoline's BRK until the exception returns, the true caller is at every instruction where an unwinder can
// find it: as the PC of the exception's registers, or in an instance on the list while that PC is the trampoline, or
// not yet stored.
func TestBRKTrampolineKeepsTheAddress(t *testing.T) {
	s, ok := corpus.All().Find("kretprobe/nested")
	if !ok {
		t.Fatal("no scenario")
	}
	open, err := session.Open(verdict.Target{Scenario: s, Variant: "mainline"}, nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	run := open.Run
	trampoline := run.Kernel.KretprobeTrampoline
	calls, linked, corrected := 0, 0, 0
	for _, c := range open.Recording.Chunks {
		for i, transfer := range c.Transfers {
			first := c.First + int(transfer.Step)
			if transfer.Kind != emu.Exception || open.Recording.PC(first) != trampoline {
				continue
			}
			calls++
			end := slices.IndexFunc(c.Transfers[i:], func(t emu.Transfer) bool { return t.Kind == emu.ExceptionReturn })
			last, caller := c.First+int(c.Transfers[i+end].Step), c.Transfers[i+end].To
			regs := transfer.SP - run.Kernel.Regs.Size
			for step := first; step <= last; step++ {
				if err := open.Seek(step); err != nil {
					t.Fatal(err)
				}
				mem := open.At().Memory()
				cursor := uint64(0)
				ret, ok := kretprobe.Find(run.Kernel.Kretprobe, mem, run.Task.Struct, &cursor, trampoline, transfer.FP)
				pc, _ := mem.Word(regs + run.Kernel.Regs.PC)
				switch {
				case ok && ret == caller:
					linked++
				case pc == caller && step > first:
					corrected++
				default:
					t.Errorf("step %d: the caller is neither in an instance nor in the exception's registers", step)
				}
			}
		}
	}
	if calls == 0 || linked == 0 || corrected == 0 {
		t.Errorf("%d calls: address in an instance at %d steps, in the registers alone at %d", calls, linked, corrected)
	}
}
