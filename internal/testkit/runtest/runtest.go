// SPDX-License-Identifier: GPL-2.0-only

// Package runtest executes scenarios for tests, which end where something fails.
package runtest

import (
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
)

// Build builds a variant of a scenario.
func Build(t testing.TB, s *scenarios.Scenario, variant string, o scenarios.Options) *scenarios.Run {
	t.Helper()
	run, err := s.Build(variant, o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Machine returns a run's machine at its start. It is closed when the test has ended.
func Machine(t testing.TB, run *scenarios.Run) *emu.Machine {
	t.Helper()
	m, err := run.Machine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// Record executes a run. Until is the run's, and so is Limit if it is 0.
func Record(t testing.TB, run *scenarios.Run, o emu.RunOptions) *emu.Recording {
	t.Helper()
	return record(t, run, o, func(*emu.Machine) {})
}

// Checked does as Record, and checks the results that the run must have.
func Checked(t testing.TB, run *scenarios.Run, o emu.RunOptions) *emu.Recording {
	t.Helper()
	return record(t, run, o, func(m *emu.Machine) {
		for _, c := range run.Checks {
			if got, err := m.Word(c.Addr); err != nil || got != c.Want {
				t.Errorf("%s:%s: %s is %#x (%v), not %#x", run.Scenario, run.Variant, c.What, got, err, c.Want)
			}
		}
	})
}

func record(t testing.TB, run *scenarios.Run, o emu.RunOptions, end func(*emu.Machine)) *emu.Recording {
	t.Helper()
	m, err := run.Machine()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if o.Until = run.Until; o.Limit == 0 {
		o.Limit = run.Limit
	}
	recording, err := m.Record(o)
	if err != nil {
		t.Fatal(err)
	}
	end(m)
	return recording
}
