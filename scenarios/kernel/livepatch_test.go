// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// asked is a walker that asks live patching about functions at every moment at which the walk starts in a given one.
type asked struct {
	t         *testing.T
	livepatch *kernel.Livepatch
	at        unwind.Range
	functions map[string]unwind.Range
	decisions map[string]kernel.Decision
}

func (a *asked) Name() string { return "asked" }

func (a *asked) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Failure = unwind.Failure{Reason: unwind.ForeignFailure}
	if !a.at.Contains(task.Start.PC) {
		return
	}
	for name, f := range a.functions {
		d, err := a.livepatch.Try(task, f)
		if err != nil {
			a.t.Errorf("%s: %v", name, err)
			continue
		}
		if before, ok := a.decisions[name]; ok && before != d {
			a.t.Errorf("%s: %+v, and before %+v", name, d, before)
		}
		a.decisions[name] = d
	}
}

const eaddrinuse = -98

// A task is preempted in the return handler of a traced function, or puts itself to sleep there as freezable, while a
// patch that has the traced function's caller is taken back. The kernel's own live patching, executed: it lets the task
// go although the caller will still run; with a record in the trampoline it doesn't. A function that is in the trace
// keeps the task in any kernel.
func TestLivepatch(t *testing.T) {
	const lost, seen = "stub_caller", "return_to_handler"
	left := kernel.Decision{State: kernel.Unpatched}
	for _, tt := range []struct {
		variants []string
		mode     verdict.Mode
		want     map[string]kernel.Decision
	}{
		{[]string{"", "loop"}, verdict.Blocked, map[string]kernel.Decision{
			lost: left, seen: {Result: eaddrinuse, State: kernel.Patched, Pending: true}}},
		{[]string{"", "loop"}, verdict.Sync, map[string]kernel.Decision{
			lost: left, seen: {State: kernel.Patched, Pending: true}}},
		{[]string{"record", "record-loop", "slot"}, verdict.Blocked, map[string]kernel.Decision{
			lost: {Result: eaddrinuse, State: kernel.Patched, Pending: true},
			seen: {Result: eaddrinuse, State: kernel.Patched, Pending: true}}},
		{[]string{"record", "record-loop", "slot"}, verdict.Sync, map[string]kernel.Decision{
			lost: {State: kernel.Patched, Pending: true}, seen: {State: kernel.Patched, Pending: true}}},
	} {
		t.Run(strings.Join(tt.variants, ",")+"/"+tt.mode.String(), func(t *testing.T) {
			forEachBuilt(t, tt.variants, func(t *testing.T, _ kernels.Entry, k *kernel.Kernel) {
				decisions := map[string]kernel.Decision{}
				spec := registry.Spec{Name: "asked", NeedsRegisters: true, New: func(run *scenarios.Run) unwind.Walker {
					l, err := kernel.NewLivepatch(k, run)
					if err != nil {
						t.Skip(err)
					}
					a := &asked{t: t, livepatch: l, functions: map[string]unwind.Range{}, decisions: decisions}
					for name, r := range map[string]*unwind.Range{"stub_scheduler": &a.at, lost: nil, seen: nil} {
						s, ok := run.Image.Symbols.Lookup(name)
						if !ok {
							t.Fatalf("no %s", name)
						}
						if r != nil {
							*r = unwind.Range{Start: s.Addr, End: s.Addr + s.Size}
						} else {
							a.functions[name] = unwind.Range{Start: s.Addr, End: s.Addr + s.Size}
						}
					}
					return a
				}}
				o := sweep.Options{Walkers: []registry.Spec{spec}, Modes: []verdict.Mode{tt.mode}, Jobs: 1}
				if err := sweep.Sweep(t.Context(), []verdict.Target{find(t, k, "fgraph-return", "resched")}, o,
					func(*sweep.RunResult) error {
						return nil
					}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, decisions); diff != "" {
					t.Errorf("live patching decides (-want +got):\n%s", diff)
				}
			})
		})
	}
}
