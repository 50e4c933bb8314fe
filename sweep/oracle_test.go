// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"context"
	"errors"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// without returns an oracle that doesn't see the n-th transfer that drop chooses.
func without(o truth.Oracle, n int, drop func(*truth.Transfer) bool) truth.Oracle {
	return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
		var kept []truth.Transfer
		for t := range log.Forwards() {
			if drop(t) {
				if n--; n == -1 {
					continue
				}
			}
			kept = append(kept, *t)
		}
		return o(truth.Log{kept}, k, b)
	}
}

func isCall(t *truth.Transfer) bool   { return t.Kind == emu.Call }
func isReturn(t *truth.Transfer) bool { return t.Kind == emu.Return }

// Whatever rule of an oracle is broken, the sweep must end in a conflict: the oracles are the only truth there is.
func TestBrokenOracleIsAConflict(t *testing.T) {
	noHooks := func(o truth.Oracle) truth.Oracle {
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			return o(log, truth.Facts{}, b)
		}
	}
	edit := func(o truth.Oracle, change func(*truth.Transfer)) truth.Oracle {
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			var edited []truth.Transfer
			for t := range log.Forwards() {
				edited = append(edited, *t)
				change(&edited[len(edited)-1])
			}
			return o(truth.Log{edited}, k, b)
		}
	}
	for name, oracles := range map[string]truth.Oracles{
		"past skips a push":                    {without(truth.Past, 5, isCall), truth.Future},
		"past skips a pop":                     {without(truth.Past, 5, isReturn), truth.Future},
		"past takes hooked returns for real":   {noHooks(truth.Past), truth.Future},
		"future skips a push":                  {truth.Past, without(truth.Future, 5, isReturn)},
		"future skips a pop":                   {truth.Past, without(truth.Future, 5, isCall)},
		"future takes hooked returns for real": {truth.Past, noHooks(truth.Future)},
		"SP differs at a return": {truth.Past, edit(truth.Future, func(t *truth.Transfer) {
			if t.Kind == emu.Return {
				t.SP += 16
			}
		})},
		"X29 differs at a return": {truth.Past, edit(truth.Future, func(t *truth.Transfer) {
			if t.Kind == emu.Return {
				t.FP += 16
			}
		})},
		"return addresses are one instruction off": {edit(truth.Past, func(t *truth.Transfer) {
			if t.Kind == emu.Call {
				t.From += 4
			}
		}), truth.Future},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := corpustest.Target(t, "fgraph/return").Scenario.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(run, &Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: 1})
			r.oracles = oracles
			if _, err := r.sweep(context.Background()); !errors.Is(err, truth.ErrConflict) {
				t.Errorf("got %v, want an oracle conflict", err)
			}
		})
	}
}

// What the oracles know of exceptions: where a handler may return to, and that a trampoline's own exception is not a
// call.
func TestBrokenExceptionRuleIsAConflict(t *testing.T) {
	change := func(o truth.Oracle, kind emu.TransferKind, f func(*truth.Transfer)) truth.Oracle {
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			var edited []truth.Transfer
			for t := range log.Forwards() {
				edited = append(edited, *t)
				if t.Kind == kind {
					f(&edited[len(edited)-1])
				}
			}
			return o(truth.Log{edited}, k, b)
		}
	}
	returnsFurther := func(t *truth.Transfer) { t.To += 4 }
	isCall := func(t *truth.Transfer) { t.Kind, t.From = emu.Call, t.From-4 }
	dropHook := func(o truth.Oracle) truth.Oracle { // the last one is the kretprobe trampoline
		return func(log truth.Log, k truth.Facts, b *truth.Base) (*truth.History, error) {
			return o(log, truth.Facts{Hooks: k.Hooks[:len(k.Hooks)-1]}, b)
		}
	}
	for name, oracles := range map[string]truth.Oracles{
		"past: an exception returns two instructions on": {change(truth.Past, emu.ExceptionReturn, returnsFurther),
			truth.Future},
		"past: an exception is a call": {change(truth.Past, emu.Exception, isCall), truth.Future},
		"future: an exception returns further on": {truth.Past,
			change(truth.Future, emu.ExceptionReturn, returnsFurther)},
		"future: an exception is a call":     {truth.Past, change(truth.Future, emu.Exception, isCall)},
		"past doesn't know the trampoline":   {dropHook(truth.Past), truth.Future},
		"future doesn't know the trampoline": {truth.Past, dropHook(truth.Future)},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := corpustest.Target(t, "kretprobe/plain").Scenario.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(run, &Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: 1})
			r.oracles = oracles
			if _, err := r.sweep(context.Background()); !errors.Is(err, truth.ErrConflict) {
				t.Errorf("got %v, want an oracle conflict", err)
			}
		})
	}
}
