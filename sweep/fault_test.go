// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// walkerFunc is a walker for tests.
type walkerFunc func(*unwind.Task, *unwind.Trace)

func (walkerFunc) Name() string { return "test" }

func (f walkerFunc) Walk(task *unwind.Task, t *unwind.Trace) { t.Reset(); f(task, t) }

// Walkers that misbehave get the verdict fault, and the sweep goes on.
func TestFaults(t *testing.T) {
	for name, f := range map[string]walkerFunc{
		"panic": func(*unwind.Task, *unwind.Trace) { panic("oops") },
		"never ends": func(_ *unwind.Task, t *unwind.Trace) {
			for {
				t.Add(unwind.Frame{PC: 1})
			}
		},
		"reads outside": func(task *unwind.Task, _ *unwind.Trace) {
			task.Mem.Word(task.PtRegs + 1<<20)
		},
		"reads across the edge": func(task *unwind.Task, _ *unwind.Trace) {
			task.Mem.Word(task.Stacks[0].High - 4)
		},
		"reads at the end of the address space": func(task *unwind.Task, _ *unwind.Trace) { task.Mem.Word(^uint64(0)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := sweepTargets(t, []verdict.Target{corpustest.Target(t, "chain/plain")}, func(o *Options) {
				o.Walkers = []registry.Spec{{Name: "test", New: func(*scenarios.Run) unwind.Walker { return f }}}
			})[0]
			for _, s := range r.Summaries {
				if s.Counts[verdict.Fault] != s.Points {
					t.Errorf("%v: %d of %d points are faults", s.Mode, s.Counts[verdict.Fault], s.Points)
				}
			}
		})
	}
}

// A run that goes wrong is an error, not a verdict.
func TestRunGoesWrong(t *testing.T) {
	build := func(t *testing.T) *scenarios.Run {
		run, err := corpustest.Target(t, "fgraph/return").Scenario.Build("", scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	for name, tt := range map[string]struct {
		change func(*scenarios.Run)
		want   string
	}{
		"limit": {func(r *scenarios.Run) { r.Limit = 100 }, emu.ErrLimit.Error()},
		"check": {func(r *scenarios.Run) {
			r.Checks[0].Want++
		}, "the run went wrong: tracer_entries is 28, not 29"},
		"unmapped code": {func(r *scenarios.Run) { r.Start.X[0] = 0x1000 }, emu.ErrFault.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(t)
			tt.change(run)
			r := newRunner(run, &Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: 1})
			if _, err := r.sweep(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
