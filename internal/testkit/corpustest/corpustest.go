// SPDX-License-Identifier: GPL-2.0-only

// Package corpustest holds what tests that execute the corpus share.
package corpustest

import (
	"testing"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
	"stacksweep/sweep/verdict"
)

// Symbol returns the address of a symbol.
func Symbol(t testing.TB, run *scenarios.Run, name string) uint64 {
	t.Helper()
	s, ok := run.Image.Symbols.Lookup(name)
	if !ok {
		t.Fatalf("no symbol %s", name)
	}
	return s.Addr
}

// BrokenEntry is the entry with a mistake in it that the corpus has under that name; "" is the right one.
func BrokenEntry(t testing.TB, run *scenarios.Run, bug string) scenarios.ExceptionEntry {
	t.Helper()
	if bug == "" {
		return run.IRQ
	}
	e, err := guest.FindEntry(run.Image, Symbol(t, run, "vector_"+bug), "el1h_64_irq_"+bug, "el1h_64_irq_"+bug)
	if err != nil {
		t.Fatal(err)
	}
	e.Handler, e.Stack = run.IRQ.Handler, run.IRQ.Stack
	return e
}

// Target returns a scenario's variant.
func Target(t testing.TB, name string) verdict.Target {
	t.Helper()
	target, err := verdict.FindTarget(corpus.All(), name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// Targets returns variants of scenarios.
func Targets(t testing.TB, names ...string) (targets []verdict.Target) {
	t.Helper()
	for _, name := range names {
		targets = append(targets, Target(t, name))
	}
	return targets
}
